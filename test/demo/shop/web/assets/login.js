// What the sign-in page does: turn an error code into words, and hand on the page that the user wanted.
"use strict";

// The codes are a closed list; a text is chosen by the code and nothing from the address is shown but the id for support.
const texts = {
  access_denied: "You cancelled the sign-in at Google. Nothing was shared. You can try again whenever you like.",
  account_not_allowed: "This Google account may not use the shop. Please choose the account of your organization.",
  email_not_verified: "Google has not verified the email address of this account yet. Verify it with Google, then try again.",
  account_blocked: "This account is blocked. Please contact the shop's support.",
  account_conflict: "Another account with this email address exists already. Please contact the shop's support.",
  login_expired: "The sign-in took too long. Please start again.",
  login_failed: "The sign-in did not work. Please try again.",
  google_unavailable: "Google did not answer. Please try again in a moment.",
  temporarily_unavailable: "Signing in is not possible right now. Please try again in a moment.",
  interaction_required: "Google needs a word with you first. Please sign in with the button.",
  login_required: "You are not signed in at Google. Please sign in with the button.",
  consent_required: "Google needs your consent first. Please sign in with the button.",
  too_many_requests: "Too many attempts. Please wait a minute and try again.",
  server_error: "Something went wrong on our side. Please try again.",
  unknown: "Something went wrong. Please try again.",
};

const query = new URLSearchParams(location.search);

const code = query.get("error");
if (code !== null) {
  const id = query.get("error_id") || "";
  document.getElementById("alert-text").textContent = Object.hasOwn(texts, code) ? texts[code] : texts.unknown;
  document.getElementById("alert-id").textContent = /^[A-Za-z0-9_-]{1,64}$/.test(id) ? "If you ask for help, name this id: " + id : "";
  const alert = document.getElementById("alert");
  alert.hidden = false;
  alert.focus();
}

// Whether return_to may be used is for the sign-in server to decide; this page only passes it on.
const wanted = query.get("return_to");
if (wanted) {
  document.getElementById("google").href = "/auth/login?return_to=" + encodeURIComponent(wanted);
}
