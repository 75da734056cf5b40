// Package middleware is what every request to the callback server passes before it reaches a route, from the outside in:
//
//	Identify  gives the request an id, and finds out who asks and under which host
//	Trace     begins the span of the request, if requests are traced
//	Log       writes one line and one measurement when the request is over
//	Secure    sets the headers that keep a browser from being used against its user, on error pages too
//	Recover   turns a panic into an error page
//	Limit     bounds header, query and body
//
// None of them knows what a login is.
package middleware
