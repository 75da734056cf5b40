// Package pages renders what the callback server shows to people itself: the sign-in page, errors, the goodbye and the account.
//
// A page is one answer: its style is inside, and no script, font or picture comes from anywhere else, so that its content security
// policy can forbid all of them. There are two exceptions, each allowed by the policy of the page that needs it and no other: the
// logo, which this server serves, and Google's own sign-in button, if the configuration asks for it. Without its script the
// sign-in page still has a plain link.
//
// Every text comes from the catalogue, texts/<language>.json, by what the browser prefers. What the configuration and Google
// say is shown as text, never as markup, and nothing of a request is shown but what httperr and login checked. The style has
// no left and no right: a language that runs from right to left needs a file of texts and nothing else.
package pages
