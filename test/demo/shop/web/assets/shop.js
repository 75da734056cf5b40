// What the shop's page does: ask {base}/me who is signed in, and show what the shop's own backend makes of the same session.
"use strict";

const $ = (id) => document.getElementById(id);
const show = (id, yes) => { $(id).hidden = !yes; };

// me answers 401 to whoever is not signed in, and renews an access token that has run out, so it is asked before the backend.
async function me() {
  const response = await fetch("/auth/me", { headers: { Accept: "application/json" } });
  if (response.status === 401) return null;
  if (!response.ok) throw new Error("me answered " + response.status);
  return response.json();
}

async function hello() {
  const response = await fetch("/api/hello", { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error("the backend answered " + response.status);
  return response.json();
}

function showSignedOut(text) {
  const here = location.origin + location.pathname;
  $("to-login").href = "/login?return_to=" + encodeURIComponent(here);
  $("status").textContent = text;
  show("who", false);
  show("signed-in", false);
  show("signed-out", true);
}

function showSignedIn(user) {
  $("title").textContent = "Hello, " + (user.given_name || user.name || user.email);
  $("status").textContent = "Signed in as " + (user.name || user.email);
  $("who").textContent = user.email;
  $("name").textContent = user.name || "–";
  $("email").textContent = user.email;
  $("hd").textContent = user.hd || "";
  show("hd-row", Boolean(user.hd));
  $("expires").textContent = user.session ? new Date(user.session.expires_at).toLocaleString() : "–";
  show("who", true);
  show("signed-out", false);
  show("signed-in", true);
}

async function showBackend() {
  const line = $("backend");
  try {
    const answer = await hello();
    line.textContent = answer.message + " It knows you as " + answer.email + ".";
    line.dataset.verified = "true";
  } catch (err) {
    line.textContent = "The shop's backend did not accept your token: " + err.message + ".";
    line.dataset.verified = "false";
  }
}

async function signOut(everywhere) {
  const response = await fetch("/auth/logout" + (everywhere ? "?everywhere=true" : ""), { method: "POST" });
  if (!response.ok) {
    $("status").textContent = "Signing out did not work. Please try again.";
    return;
  }
  $("title").textContent = "See you soon";
  showSignedOut(everywhere ? "You are signed out, here and on all your devices." : "You are signed out.");
}

async function start() {
  const order = location.pathname.match(/^\/orders\/([A-Za-z0-9-]+)$/);
  if (order) {
    $("order-title").textContent = "Order " + order[1];
    show("order", true);
  }
  $("sign-out").addEventListener("click", () => signOut(false));
  $("sign-out-everywhere").addEventListener("click", () => signOut(true));
  try {
    const user = await me();
    if (!user) {
      showSignedOut("You are not signed in.");
      return;
    }
    showSignedIn(user);
    await showBackend();
  } catch {
    $("status").textContent = "The sign-in service cannot be reached right now. Please try again in a moment.";
  } finally {
    $("main").removeAttribute("aria-busy");
  }
}

start();
