package googletest

import "net/url"

// DiscoveryDocument alters the discovery document.
func DiscoveryDocument(alter func(doc map[string]any)) Fault {
	return func(f *faults) { f.discovery = append(f.discovery, alter) }
}

// JWKS alters the key set; its "keys" is a []map[string]any.
func JWKS(alter func(doc map[string]any)) Fault {
	return func(f *faults) { f.jwks = append(f.jwks, alter) }
}

// Claims alters an ID token's claims before they are signed.
func Claims(alter func(claims map[string]any)) Fault {
	return func(f *faults) { f.claims = append(f.claims, alter) }
}

// Claim sets one claim, or removes it where value is nil.
func Claim(name string, value any) Fault {
	return Claims(func(claims map[string]any) { set(claims, name, value) })
}

// JWTHeader alters an ID token's protected header before it is signed.
func JWTHeader(name string, value any) Fault {
	return func(f *faults) {
		f.header = append(f.header, func(header map[string]any) { set(header, name, value) })
	}
}

// Payload alters an ID token's encoded claims before they are signed, where a map cannot say what is wrong with them.
func Payload(alter func(payload []byte) []byte) Fault {
	return func(f *faults) { f.payload = append(f.payload, alter) }
}

// IDToken alters a signed ID token.
func IDToken(alter func(token string) string) Fault {
	return func(f *faults) { f.idToken = append(f.idToken, alter) }
}

// SignWith signs ID tokens by another algorithm and key: *rsa.PrivateKey, *ecdsa.PrivateKey, or []byte for HMAC. The kid stays
// the published one; see JWTHeader. Any spelling of "none" leaves the signature empty.
func SignWith(alg string, key any) Fault {
	return func(f *faults) { f.signWith = &signer{alg, key} }
}

// TokenResponse alters the token endpoint's good answer.
func TokenResponse(alter func(body map[string]any)) Fault {
	return func(f *faults) { f.tokenResponse = append(f.tokenResponse, alter) }
}

// TokenField sets one field of the token endpoint's good answer, or removes it where value is nil.
func TokenField(name string, value any) Fault {
	return TokenResponse(func(body map[string]any) { set(body, name, value) })
}

// TokenBody alters the encoded good answer of the token endpoint.
func TokenBody(alter func(body []byte) []byte) Fault {
	return func(f *faults) { f.tokenBody = append(f.tokenBody, alter) }
}

// UserInfoField sets one field of the userinfo answer, or removes it where value is nil.
func UserInfoField(name string, value any) Fault {
	return func(f *faults) {
		f.userInfo = append(f.userInfo, func(claims map[string]any) { set(claims, name, value) })
	}
}

// Callback alters the parameters with which the browser is sent back.
func Callback(alter func(params url.Values)) Fault {
	return func(f *faults) { f.callback = append(f.callback, alter) }
}

// GrantOnly grants these scopes, whatever was asked: what a person does who leaves some unticked.
func GrantOnly(scopes ...string) Fault {
	return func(f *faults) { f.grantOnly = scopes }
}

func set(m map[string]any, name string, value any) {
	if value == nil {
		delete(m, name)
		return
	}
	m[name] = value
}
