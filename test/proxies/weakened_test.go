//go:build proxies && !traefik

package proxies

var kinds = []kind{nginx, caddy}

const documentedGood = "@good {\n\t\t\t\t\tstatus 2xx\n\t\t\t\t\theader X-Auth-Request-User *\n\t\t\t\t}"

// expected makes Caddy take a header that it would drop by itself since 2.11.
func expected(what, name string) change {
	return change{"\tadmin off\n", "\tadmin off\n\tservers {\n\t\texpected_" + what + "_headers " + name + "\n\t}\n"}
}

var weakened = map[string]weakening{
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
}
