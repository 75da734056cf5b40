// Package browser drives the callback server with a real browser: the hosted pages in every language, in both colour schemes and
// at the narrowest width, held against axe-core's rules; logins by keyboard, without scripts, and in a hundred tabs.
//
// The tests are behind the build tag browser, since they need Chromium and axe-core from npm; `make browser` sees to both. What is
// missing is an error that names it; nothing is skipped. The server runs in this process, by server.Run and a configuration file,
// on http://localhost; the stand-in for Google beside it. Pictures of the pages are left in the folder out.
//
//	CHROMIUM   the browser to use, if it is not called chromium, chromium-browser or google-chrome
package browser
