// Package e2e clicks through the demo with a real browser, in a real cluster: what a user and a team see, from the button to the
// cookie and from the object to the pod.
//
// The tests are behind the build tag e2e, since they need a cluster that kubectl reaches, the images on it, kubectl and helm, and
// Chromium; `make e2e` sees to all of them. They set the demo up with test/demo/up.sh and leave it running. What is missing is an
// error that names it; nothing is skipped.
//
// Each test has a browser profile of its own and finds, or makes, a GoogleLogin that is Ready. Pictures of the pages are left in
// the folder out.
//
//	DEMO_IS_UP=1   the demo was set up already; do not run up.sh again
//	CHROMIUM       the browser to use, if it is not called chromium, chromium-browser or google-chrome
package e2e
