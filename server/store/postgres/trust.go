package postgres

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
)

// trust makes a connection by this URI believe certificates of one authority alone. An operator of databases writes a URI without
// sslmode, which would mean TLS only if the server has it and no look at who answers: beside a CA, none means verify-full, and what
// would look at less than the chain is refused, since the CA would then be for show.
func trust(uri, caPath, ca string) (string, error) {
	if !x509.NewCertPool().AppendCertsFromPEM([]byte(ca)) {
		return "", fmt.Errorf("%s holds no certificate in PEM", caPath)
	}
	u, err := url.Parse(uri)
	if err != nil {
		return "", errURI
	}
	query := u.Query()
	if len(query["sslmode"]) > 1 {
		return "", errors.New("the database's URI says sslmode twice: say it once, or leave it out")
	}
	switch mode := query.Get("sslmode"); mode {
	case "":
		query.Set("sslmode", "verify-full")
	case "verify-full", "verify-ca":
	default:
		return "", fmt.Errorf("the database's URI says sslmode=%q, which does not hold the server to the CA that is given: leave sslmode out, or say verify-full", mode)
	}
	query.Set("sslrootcert", caPath)
	u.RawQuery = query.Encode()
	return u.String(), nil
}
