// What the sign-in page does: say in words why a login failed, and hand on the page that the user wanted.
import { createClient, readError, signInButton } from "/assets/googlelogin.js";

const error = readError();
if (error) {
  document.getElementById("alert-text").textContent = error.text;
  document.getElementById("alert-id").textContent = error.id ? "If you ask for help, name this id: " + error.id : "";
  const alert = document.getElementById("alert");
  alert.hidden = false;
  alert.focus();
}

// Whether return_to may be used is for the sign-in server to decide; this page only passes it on.
const returnTo = new URLSearchParams(location.search).get("return_to") || location.origin + "/";
const button = signInButton(createClient({ base: "/auth" }), { returnTo });
document.getElementById("google").replaceWith(button);
