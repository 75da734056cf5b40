//go:build proxies && !traefik

package proxies

import (
	"cmp"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const luaFile = "googlelogin.lua"

// withLua has a documented program below a configuration, so that changes are for both.
func withLua(config, name string) string {
	lua, err := os.ReadFile("../../docs/forward-auth/" + name)
	if err != nil {
		panic(err)
	}
	return config + "\n---\n" + string(lua)
}

func luaApart(config string) map[string]string {
	config, lua, _ := strings.Cut(config, "\n---\n")
	return map[string]string{"config": config + "\n", luaFile: lua}
}

var haproxy = kind{
	name: "haproxy", document: "../../docs/forward-auth/haproxy.cfg",
	place: func(address, dir string) []change {
		return []change{
			{"bind :443", "bind " + address}, {"/etc/haproxy/tls/tls.crt", dir + "/tls.crt"}, {"/etc/haproxy/googlelogin.lua", dir + "/googlelogin.lua"},
		}
	},
	bearer: []change{
		{"http-request lua.googlelogin googlelogin /auth/check/haproxy 2000", ""}, {"#bearer http-request lua", "http-request lua"},
		{"#bearer http-request set-header", "http-request set-header"},
	},
	soon:   []change{{" 2000\n", " 500\n"}},
	around: func(config, _, _ string) string { return withLua(config, "haproxy.lua") },
	files:  luaApart,
	command: func(dir string) *exec.Cmd {
		program := os.Getenv("HAPROXY")
		if found, err := exec.LookPath("haproxy"); program == "" && err == nil {
			program = found
		}
		return exec.Command(cmp.Or(program, "/usr/sbin/haproxy"), "-db", "-f", dir+"/config")
	},
}

// luaFails is an error in Lua, after which HAProxy goes on with its rules.
var luaFails = change{"lua.googlelogin googlelogin /", "lua.googlelogin nothing /"}

func TestI113_HAProxyPassesNobodyAfterAnErrorOfLuas(t *testing.T) {
	w := newWorld(t)
	haproxy.start(t, w, w.server, luaFails).holds(t, probeFailure)
}

func TestHAProxyAsksAServerThatIsNotDown(t *testing.T) {
	w := newWorld(t)
	two := change{"    server googlelogin ", "    server down 127.0.0.1:1 disabled\n    server googlelogin "}
	haproxy.start(t, w, w.server, two).holds(t, probeIdentity)
}
