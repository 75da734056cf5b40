package config_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/config"
)

// fields calls visit with every field of v that holds a value of its own, by its name in the file.
func fields(v reflect.Value, name string, visit func(name string, v reflect.Value)) {
	if v.Kind() != reflect.Struct {
		visit(name, v)
		return
	}
	for i := range v.NumField() {
		tag, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		inner := tag
		if name != "" {
			inner = name + "." + tag
		}
		fields(v.Field(i), inner, visit)
	}
}

// fill gives v a value that is not its zero value.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	default:
		panic(fmt.Sprintf("a field of the kind %s", v.Kind()))
	}
}

// A field that is added turns up here. If nothing makes the running server follow it, it belongs to this list.
func TestRestart_WhatAServerTakesWhenItStartsOnly(t *testing.T) {
	want := []string{
		"apiVersion", "instance",
		"client.idFile", "client.secretFile", "client.credentialsFile",
		"google.issuer",
		"storage.type", "storage.path", "storage.uriFile", "storage.caFile",
		"keys.signingFile", "keys.sealingFile",
		"listen.public", "listen.internal", "listen.extAuthz", "listen.admin",
		"internalAPI.keysFile",
	}
	before, err := config.Config{}.RestartHash()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	var c config.Config
	fields(reflect.ValueOf(&c).Elem(), "", func(name string, v reflect.Value) {
		zero := reflect.Zero(v.Type())
		fill(v)
		after, err := c.RestartHash()
		if err != nil {
			t.Fatal(err)
		}
		if after != before {
			got = append(got, name)
		}
		v.Set(zero)
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields that need a restart (-want +got):\n%s", diff)
	}
}

func TestHash_IsOfTheFileAsItIs(t *testing.T) {
	content, err := valid().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	f, err := config.LoadFile(write(t, string(content)))
	if err != nil {
		t.Fatal(err)
	}
	if f.Hash != config.Hash(content) || f.Hash == config.Hash(append(content, '\n')) {
		t.Errorf("hash %s", f.Hash)
	}
}
