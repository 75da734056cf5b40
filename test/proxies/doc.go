// Package proxies holds forward authentication against real proxies, nginx, Caddy, HAProxy, Apache and Traefik, with the very configuration that
// docs/forward-auth shows: logins, renewal, and every way to pass for somebody that a client has.
//
// Each case is a probe, which returns what is wrong. TestProxies wants nothing to be wrong; TestWeakened takes one line of protection
// out of a configuration at a time, and wants the probe of that line to notice.
//
// The tests are behind the build tag proxies, since they need nginx, HAProxy, Apache with LuaSocket, and Caddy from test/cluster/binaries.sh; `make proxies` sees to
// the latter. With the tag traefik beside it they are about Traefik instead: `make proxies-traefik` builds one first, which is too long for
// every run. What is missing is an error that names it; nothing is skipped. The server runs in this process, by server.Run and a
// configuration file; the stand-ins for Google and for the application beside it. Everything listens on the loopback address alone.
//
//	NGINX   the nginx to use, if it is not in PATH or /usr/sbin
//	HAPROXY the HAProxy to use, if it is not in PATH or /usr/sbin
//	APACHE  the Apache httpd to use, if it is not in PATH or /usr/sbin
//	CADDY   the Caddy to use
//	TRAEFIK the Traefik to use
package proxies
