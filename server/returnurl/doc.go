// Package returnurl decides which pages a login may end at. It is the one place that stands between return_to and an open
// redirect, and it is pure.
//
// A pattern is an absolute URL:
//
//	https://shop.example.com/            that page
//	https://shop.example.com/app/*       every page whose path begins with /app/
//	https://*.shop.example.com/app/*     the same on every host with one more label: not shop.example.com, not a.b.shop.example.com
//
// A URL is allowed if it has a pattern's scheme, host, port and path. Its query and fragment are free, and both are kept as they
// stand: neither can lead to another place.
//
// Only absolute URLs are allowed, never a path alone: on which host a path would land is a question that a browser, a proxy and
// this package might answer differently.
//
// Nothing is repaired. What is not written exactly as a browser itself writes an address (location.href) is refused: backslashes,
// white space, user names, upper-case hosts, encoded dots and slashes, dot segments, "//" in a path. A parser that guesses what
// was meant is how an attacker gets two readers to see two hosts.
package returnurl
