//go:build proxies && !traefik

package proxies

import (
	"cmp"
	"os"
	"os/exec"
)

var caddy = kind{
	name: "caddy", document: "../../docs/forward-auth/Caddyfile",
	place: func(_, dir string) []change {
		return []change{{"\nshop.example.com {", "\nshop.example.com {\n\ttls " + dir + "/tls.crt " + dir + "/tls.key\n\tbind 127.0.0.1"}}
	},
	bearer: []change{
		{"rewrite /auth/check/caddy?", "rewrite /auth/check/caddy?authorization=bearer"}, {"#bearer request_header", "request_header"},
	},
	soon: []change{{"5s", "1s"}},
	around: func(config, port, _ string) string {
		return "{\n\tadmin off\n\tpersist_config off\n\tauto_https disable_redirects\n\thttps_port " + port + "\n\tlog {\n\t\tlevel WARN\n\t}\n}\n" + config
	},
	command: func(dir string) *exec.Cmd {
		command := exec.Command(cmp.Or(os.Getenv("CADDY"), "caddy"), "run", "--adapter", "caddyfile", "--config", dir+"/config")
		command.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
		return command
	},
}
