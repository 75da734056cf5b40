//go:build proxies && !traefik

package proxies

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// modules is where Debian keeps Apache's.
const modules = "/usr/lib/apache2/modules/mod_"

var apache = kind{
	name: "apache", document: "../../docs/forward-auth/apache.conf",
	place: func(address, dir string) []change {
		return []change{
			{"<VirtualHost *:443>", "<VirtualHost " + address + ">"}, {"/etc/apache2/tls/", dir + "/"},
			{"LuaHookAccessChecker /etc/apache2/googlelogin.lua", "LuaHookAccessChecker " + dir + "/googlelogin.lua"},
		}
	},
	bearer: []change{{"--bearer route", "route"}, {"--bearer r.headers_in", "r.headers_in"}},
	soon:   []change{{"http.TIMEOUT = 2", "http.TIMEOUT = 1"}},
	around: func(config, port, dir string) string {
		lines := []string{
			"ServerRoot " + dir, "ServerName localhost", "PidFile pid", "Listen 127.0.0.1:" + port, "ErrorLog /dev/stderr", "LogLevel warn",
			"User nobody", "Group nogroup", "StartServers 1",
		}
		for _, name := range []string{"mpm_event", "authz_core", "http2", "lua", "proxy", "proxy_http", "ssl"} {
			lines = append(lines, "LoadModule "+name+"_module "+modules+name+".so")
		}
		return strings.Join(lines, "\n") + "\n" + withLua(config, "apache.lua")
	},
	files: luaApart,
	command: func(dir string) *exec.Cmd {
		// Apache reads the Lua as somebody else than root.
		for _, path := range []string{filepath.Dir(dir), dir, filepath.Join(dir, luaFile)} {
			_ = os.Chmod(path, 0o755) //nolint:gosec // There is nothing in it that is secret.
		}
		program := os.Getenv("APACHE")
		if found, err := exec.LookPath("apache2"); program == "" && err == nil {
			program = found
		}
		return exec.Command(cmp.Or(program, "/usr/sbin/apache2"), "-f", dir+"/config", "-DFOREGROUND")
	},
}
