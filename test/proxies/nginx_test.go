//go:build proxies && !traefik

package proxies

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

var nginx = kind{
	name: "nginx", document: "../../docs/forward-auth/nginx.conf",
	place: func(address, dir string) []change {
		return []change{
			{"listen 443 ssl;", "listen " + address + " ssl;"},
			{"/etc/nginx/tls/tls.crt", dir + "/tls.crt"}, {"/etc/nginx/tls/tls.key", dir + "/tls.key"},
		}
	},
	bearer: []change{
		{"proxy_pass http://googlelogin/auth/check/nginx;\n", "\n"}, {"#bearer proxy_pass", "proxy_pass"},
		{"#bearer auth_request_set", "auth_request_set"}, {"#bearer proxy_set_header", "proxy_set_header"},
	},
	soon:  []change{{"5s", "1s"}},
	http2: []change{{" ssl;\n    server_name", " ssl http2;\n    server_name"}},
	around: func(config, _, dir string) string {
		var temporary strings.Builder
		for _, name := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
			fmt.Fprintf(&temporary, "%s_temp_path %s/%s;\n", name, dir, name)
		}
		return "user root; daemon off; worker_processes 1; pid " + dir + "/pid; error_log stderr warn;\n" +
			"events { worker_connections 256; }\nhttp { access_log off;\n" + temporary.String() + config + "}\n"
	},
	command: func(dir string) *exec.Cmd {
		program := os.Getenv("NGINX")
		if found, err := exec.LookPath("nginx"); program == "" && err == nil {
			program = found
		}
		return exec.Command(cmp.Or(program, "/usr/sbin/nginx"), "-e", "stderr", "-p", dir, "-c", dir+"/config")
	},
}
