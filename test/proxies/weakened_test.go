//go:build proxies && !traefik

package proxies

import "testing"

var kinds = []kind{nginx, caddy, haproxy, apache}

const documentedGood = "@good {\n\t\t\t\t\tstatus 2xx\n\t\t\t\t\theader X-Auth-Request-User *\n\t\t\t\t}"

// expected makes Caddy take a header that it would drop by itself since 2.11.
func expected(what, name string) change {
	return change{"\tadmin off\n", "\tadmin off\n\tservers {\n\t\texpected_" + what + "_headers " + name + "\n\t}\n"}
}

const sayEmail = "http-request set-header X-Auth-Request-Email"

var asksNobody = without("http-request lua.googlelogin", "http-request deny deny_status 503")

var apacheAsksNobody = []change{{"if r.filename:sub(1, #own) ~= own then", "if false then"}}

func commentedOut(rule string) change { return change{rule, "# " + rule} }

// without takes out rules that begin like these.
func without(rules ...string) (changes []change) {
	for _, rule := range rules {
		changes = append(changes, commentedOut(rule))
	}
	return changes
}

var weakened = map[string]weakening{
	"nginx asks nobody, in any form":        {nginx, []change{{"auth_request /.googlelogin-check;", ""}}, probeForms},
	"nginx asks nobody":                     {nginx, []change{{"auth_request /.googlelogin-check;", ""}}, probeScripts},
	"nginx asks nobody about cookies":       {nginx, []change{{"auth_request /.googlelogin-check;", ""}}, probeCookies},
	"nginx asks nobody about paths":         {nginx, []change{{"auth_request /.googlelogin-check;", ""}}, probePaths},
	"nginx takes underscores":               {nginx, []change{{"underscores_in_headers off", "underscores_in_headers on"}}, probeSpoof},
	"nginx takes dots":                      {nginx, []change{{"ignore_invalid_headers on", "ignore_invalid_headers off"}}, probeSpoof},
	"nginx leaves the client's email":       {nginx, []change{{"proxy_set_header X-Auth-Request-Email         $auth_email;", ""}}, probeSpoof},
	"nginx leaves the email, in silence":    {nginx, []change{{"proxy_set_header X-Auth-Request-Email         $auth_email;", ""}}, probeSilence},
	"nginx leaves the client's groups":      {nginx, []change{{`proxy_set_header X-Auth-Request-Groups "";`, ""}}, probeSpoof},
	"nginx leaves Forwarded":                {nginx, []change{{`proxy_set_header Forwarded "";`, ""}}, probeForwarded},
	"nginx leaves the client's method":      {nginx, []change{{"proxy_set_header X-Original-Method $request_method;", ""}}, probeForwarded},
	"nginx leaves the client's URL":         {nginx, []change{{"proxy_set_header X-Original-Url $scheme://$host$request_uri;", ""}}, probeForwarded},
	"nginx says the normalized path":        {nginx, []change{{"$host$request_uri", "$host$uri"}}, probePaths},
	"nginx has an open check":               {nginx, []change{{"location ^~ /auth/check {", "location ^~ /nothing {"}}, probeChecks},
	"nginx has an open internal check":      {nginx, []change{{"        internal;\n", ""}}, probeChecks},
	"nginx does not redirect":               {nginx, []change{{"error_page 401 = @login;", ""}}, probeNavigation},
	"nginx keeps the renewed cookie":        {nginx, []change{{"add_header Set-Cookie $auth_cookie always;", ""}}, probeRenewal},
	"nginx keeps it with an error":          {nginx, []change{{"$auth_cookie always;", "$auth_cookie;"}}, probeRenewal},
	"nginx does not say who it is":          {nginx, []change{{"auth_request_set $auth_user ", "auth_request_set $other "}, {"$auth_user;", "nobody;"}}, probeIdentity},
	"nginx leaves the client's token":       {nginx, append(nginx.bearer[:len(nginx.bearer)-1:len(nginx.bearer)-1], change{"#bearer proxy_set_header", "# "}), probeBearer},
	"nginx passes what it could not ask":    {nginx, []change{{"error_page 401 = @login;", "error_page 401 = @login; error_page 500 = @open;"}, {"location @login {", "location @open { proxy_pass http://application; }\nlocation @login {"}}, probeFailure},
	"Caddy asks for everybody":              {caddy, []change{{documentedGood, "@good status 2xx 4xx 3xx"}}, probeScripts},
	"Caddy takes any cookie":                {caddy, []change{{documentedGood, "@good status 2xx 4xx 3xx"}}, probeCookies},
	"Caddy takes any path":                  {caddy, []change{{documentedGood, "@good status 2xx 4xx 3xx"}}, probePaths},
	"Caddy takes underscores":               {caddy, []change{{"request_header -*_*", ""}, expected("underscore", "X_Auth_Request_User")}, probeSpoof},
	"Caddy takes dots":                      {caddy, []change{{"request_header -*.*", ""}, expected("dot", "X.Auth.Request.User")}, probeSpoof},
	"Caddy takes tildes":                    {caddy, []change{{"request_header -*~*", ""}}, probeSpoof},
	"Caddy takes its headers off again":     {caddy, []change{{"respond @hop 400", ""}}, probeSpoof},
	"Caddy leaves the client's groups":      {caddy, []change{{"request_header -X-Auth-*", ""}}, probeSpoof},
	"Caddy leaves other proxies' names":     {caddy, []change{{"request_header -X-Forwarded-*", ""}}, probeSpoof},
	"Caddy passes nobody, in silence":       {caddy, []change{{documentedGood, "@good status 2xx"}}, probeSilence},
	"Caddy leaves Forwarded":                {caddy, []change{{"request_header -Forwarded", ""}}, probeForwarded},
	"Caddy does not say the method":         {caddy, []change{{"header_up X-Forwarded-Method {method}", ""}}, probeScripts},
	"Caddy does not say the path":           {caddy, []change{{"header_up X-Forwarded-Uri {uri}", ""}}, probePaths},
	"Caddy leaves the client's path":        {caddy, []change{{"header_up X-Forwarded-Uri {uri}", ""}, {"request_header -X-Forwarded-*", ""}}, probeForwarded},
	"Caddy has an open check":               {caddy, []change{{"handle /auth/check* {", "handle /nothing {"}}, probeChecks},
	"Caddy hands the query on to the check": {caddy, []change{{"rewrite /auth/check/caddy?", "rewrite /auth/check/caddy"}}, probeNavigation},
	"Caddy keeps the renewed cookie":        {caddy, []change{{"header Set-Cookie *", "header Set-Cookie nothing"}}, probeRenewal},
	"Caddy does not say who it is":          {caddy, []change{{"\timport identity\n", "\tvars a b\n"}}, probeIdentity},
	"Caddy leaves the client's token":       {caddy, caddy.bearer[:1], probeBearer},
	"Caddy passes what it could not ask":    {caddy, []change{{documentedGood, "@good status 2xx 5xx"}}, probeFailure},
	"HAProxy asks once for each connection": {haproxy, []change{{"txn.auth_", "sess.auth_"}, {" 2000\n", " 2000 unless { var(sess.auth_user) -m found }\n"}}, probeConnection},
	"HAProxy asks nobody":                   {haproxy, asksNobody, probeScripts},
	"HAProxy asks nobody about cookies":     {haproxy, asksNobody, probeCookies},
	"HAProxy asks nobody about paths":       {haproxy, asksNobody, probePaths},
	"HAProxy takes other spellings":         {haproxy, without("option http-restrict-req-hdr-names delete"), probeSpoof},
	"HAProxy takes its headers off again":   {haproxy, without("http-request deny deny_status 400 if"), probeSpoof},
	"HAProxy leaves the client's groups":    {haproxy, without("http-request del-header ^x-auth- -m reg"), probeSpoof},
	"HAProxy leaves the client's email":     {haproxy, without("http-request del-header ^x-auth- -m reg", sayEmail), probeSpoof},
	"HAProxy leaves other proxies' names":   {haproxy, without("http-request del-header ^x-forwarded- -m reg"), probeSpoof},
	"HAProxy passes nobody, in silence":     {haproxy, []change{{`first(answer.headers, "x-auth-request-user") == ""`, "false"}, commentedOut("http-request deny deny_status 503"), commentedOut("http-request del-header ^x-auth- -m reg"), commentedOut(sayEmail)}, probeSilence},
	"HAProxy leaves Forwarded":              {haproxy, without("http-request del-header ^forwarded$ -m reg"), probeForwarded},
	"HAProxy leaves the client's host":      {haproxy, without("http-request set-header X-Forwarded-Host", "http-request del-header ^x-forwarded- -m reg"), probeForwarded},
	"HAProxy leaves the client's path":      {haproxy, without("http-request set-header X-Forwarded-Uri", "http-request del-header ^x-forwarded- -m reg"), probeForwarded},
	"HAProxy does not say the method":       {haproxy, without("http-request set-header X-Forwarded-Method"), probeScripts},
	"HAProxy does not say the path":         {haproxy, without("http-request set-header X-Forwarded-Uri"), probePaths},
	"HAProxy has an open check":             {haproxy, without("http-request deny deny_status 404"), probeChecks},
	"HAProxy does not redirect":             {haproxy, []change{{`"location", `, ""}}, probeNavigation},
	"HAProxy keeps the renewed cookie":      {haproxy, without("http-after-response add-header"), probeRenewal},
	"HAProxy keeps it with an error":        {haproxy, []change{{"http-after-response add-header Set-Cookie %[var(txn.auth_cookie)] if", "http-after-response add-header Set-Cookie %[var(txn.auth_cookie)] if { status 200 }"}}, probeRenewal},
	"HAProxy does not say who it is":        {haproxy, without("http-request set-header X-Auth-Request-User"), probeIdentity},
	"HAProxy leaves the client's token":     {haproxy, haproxy.bearer[:2], probeBearer},
	"HAProxy goes on after an error":        {haproxy, append(without("http-request deny deny_status 503"), luaFails), probeFailure},
	"HAProxy passes what it could not ask":  {haproxy, append(without("http-request deny deny_status 503"), change{"return refuse(txn, answer)", "return"}), probeFailure},
	"Apache asks nobody":                    {apache, apacheAsksNobody, probeScripts},
	"Apache asks nobody about cookies":      {apache, apacheAsksNobody, probeCookies},
	"Apache asks nobody about paths":        {apache, apacheAsksNobody, probePaths},
	"Apache takes other spellings":          {apache, []change{{`lower:find("[^a-z0-9-]") or`, ""}}, probeSpoof},
	"Apache takes its headers off again":    {apache, []change{{"if hops(r)", "if false"}}, probeSpoof},
	"Apache leaves the client's groups":     {apache, []change{{`lower:find("^x%-auth%-") or`, ""}}, probeSpoof},
	"Apache leaves other proxies' names":    {apache, []change{{`lower:find("^x%-forwarded%-") or`, ""}}, probeSpoof},
	"Apache leaves Forwarded":               {apache, []change{{`lower == "forwarded"`, "false"}}, probeForwarded},
	"Apache adds to what the client says":   {apache, []change{{"ProxyAddHeaders Off", ""}}, probeForwarded},
	"Apache does not say the method":        {apache, []change{{`headers["X-Forwarded-Method"]`, "local method"}}, probeScripts},
	"Apache says the path as it reads it":   {apache, []change{{"r.unparsed_uri", "r.uri"}}, probePaths},
	"Apache has an open check":              {apache, []change{{"Require all denied", ""}}, probeChecks},
	"Apache does not redirect":              {apache, []change{{`"location", `, ""}}, probeNavigation},
	"Apache keeps the renewed cookie":       {apache, []change{{`r.err_headers_out["Set-Cookie"] =`, "local cookie ="}}, probeRenewal},
	"Apache does not say who it is":         {apache, []change{{`"User", "Email"`, `"Email"`}}, probeIdentity},
	"Apache leaves the client's token":      {apache, apache.bearer[:1], probeBearer},
	"Apache passes nobody, in silence":      {apache, []change{{`(answer["x-auth-request-user"] or "") == ""`, "false"}, {`"User", "Email", "Name"`, `"Name"`}, {`lower:find("^x%-auth%-") or`, ""}}, probeSilence},
	"Apache passes what it could not ask":   {apache, []change{{"return refuse(r, status, answer, body)", "return apache2.DECLINED"}}, probeFailure},
}

// A proxy that reads a path before it hands it on gives the application another one than the check was asked about.
func TestWeakenedPaths(t *testing.T) {
	w := newWorldWith(t, nil, encodedSlashes)
	for name, row := range map[string]weakening{
		"nginx decodes":  {kind: nginx, changes: []change{{"proxy_pass http://application;", "proxy_pass http://application/;"}}},
		"Apache decodes": {kind: apache, changes: []change{{"AllowEncodedSlashes NoDecode", "AllowEncodedSlashes On"}, {"nocanon ", ""}}},
		"Apache refuses": {kind: apache, changes: []change{{"AllowEncodedSlashes NoDecode", ""}}},
	} {
		t.Run(name, func(t *testing.T) {
			if found := probeSlashes(row.kind.start(t, w, w.server, row.changes...)); len(found) == 0 {
				t.Error("nobody noticed")
			}
		})
	}
}
