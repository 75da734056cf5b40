// What the shop's page does: show who is signed in, and what the shop's own backend makes of the same session.
import { createClient } from "/assets/googlelogin.js";

const client = createClient({ base: "/auth" });
const $ = (id) => document.getElementById(id);
const show = (id, yes) => { $(id).hidden = !yes; };
let wasSignedIn = false;

function showUser(user) {
  $("main").removeAttribute("aria-busy");
  show("who", Boolean(user));
  show("signed-in", Boolean(user));
  show("signed-out", !user);
  if (!user) {
    $("title").textContent = wasSignedIn ? "See you soon" : "Welcome";
    $("status").textContent = wasSignedIn ? "You are signed out." : "You are not signed in.";
    $("to-login").href = "/login?return_to=" + encodeURIComponent(location.origin + location.pathname);
    return;
  }
  wasSignedIn = true;
  $("title").textContent = "Hello, " + (user.given_name || user.name || user.email);
  $("status").textContent = "Signed in as " + (user.name || user.email);
  $("who").textContent = user.email;
  $("name").textContent = user.name || "–";
  $("email").textContent = user.email;
  $("hd").textContent = user.hd || "";
  show("hd-row", Boolean(user.hd));
  $("expires").textContent = new Date(user.session.expires_at).toLocaleString();
  showBackend();
}

async function showBackend() {
  const line = $("backend");
  try {
    const response = await client.fetch("/api/hello");
    if (!response.ok) throw new Error("it answered " + response.status);
    const answer = await response.json();
    line.textContent = answer.message + " It knows you as " + answer.email + ".";
    line.dataset.verified = "true";
  } catch (err) {
    line.textContent = "The shop's backend did not accept your token: " + err.message + ".";
    line.dataset.verified = "false";
  }
}

async function signOut(everywhere) {
  try {
    await client.signOut({ everywhere });
    if (everywhere) $("status").textContent = "You are signed out, here and on all your devices.";
  } catch {
    $("status").textContent = "Signing out did not work. Please try again.";
  }
}

const order = location.pathname.match(/^\/orders\/([A-Za-z0-9-]+)$/);
if (order) {
  $("order-title").textContent = "Order " + order[1];
  show("order", true);
}
$("sign-out").addEventListener("click", () => signOut(false));
$("sign-out-everywhere").addEventListener("click", () => signOut(true));
client.subscribe(showUser);
client.me().catch(() => {
  $("main").removeAttribute("aria-busy");
  $("status").textContent = "The sign-in service cannot be reached right now. Please try again in a moment.";
});
