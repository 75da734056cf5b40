package verify_test

import (
	"fmt"
	"log"
	"net/http"

	"github.com/googlelogin/operator/server/verify"
)

func Example() {
	v, err := verify.New(verify.Options{
		Issuer:   "https://shop.example.com/auth", // status.issuer of the GoogleLogin
		Audience: "shop",                          // one of spec.session.audiences
		Cookie:   "__Host-shop",                   // spec.session.cookie.name
	})
	if err != nil {
		log.Fatal(err)
	}
	orders := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := verify.From(r.Context())
		fmt.Fprintf(w, "Hello %s\n", user.Email)
	})
	http.Handle("GET /orders", v.Middleware(orders))
}
