"use strict";
// The token is the link's fragment, which no server sees. It is kept for the way to a sign-in
// elsewhere and back, and removed from the address, where others could read it.
const kept = "bailiwick-invitation";
const field = document.getElementById("token");
if (field === null) {
  sessionStorage.removeItem(kept);
} else {
  const token = location.hash.slice(1) || sessionStorage.getItem(kept) || "";
  if (location.hash !== "") {
    sessionStorage.setItem(kept, token);
    history.replaceState(null, "", location.pathname);
  }
  if (field.value === "") {
    field.value = token;
  }
}
