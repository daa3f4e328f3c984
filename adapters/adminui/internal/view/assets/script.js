"use strict";
// Every task works without this script. It adds what needs the browser: the reader's time
// zone, proposals while one types, and copying.

// The pages' policy lets scripts ask their host only for scripts: the answers are modules.
async function ask(path, text) {
	const url = new URL(path, location.href);
	url.searchParams.set("q", text);
	return (await import(url.href)).default;
}

// later calls f when there was no further call for a moment. Only the newest call's answer
// is used: an earlier one may come after it.
function later(f) {
	let timer, newest = 0;
	return (...given) => {
		const turn = ++newest;
		clearTimeout(timer);
		timer = setTimeout(() => f(() => turn === newest, ...given), 150);
	};
}

function make(tag, text, className) {
	const element = document.createElement(tag);
	element.textContent = text;
	if (className) element.className = className;
	return element;
}

// Times in the reader's zone. The title keeps the exact time in UTC.
const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
for (const element of document.querySelectorAll("time[datetime]")) {
	const at = new Date(element.dateTime);
	if (!Number.isNaN(at.getTime())) element.textContent = clock.format(at);
}

// The menu of tenants: typing filters on the server; arrows move; Escape closes.
function switcher(details) {
	const input = details.querySelector("input"), list = details.querySelector("ul");
	const place = (tenant) => {
		const item = document.createElement("li"), link = item.appendChild(document.createElement("a"));
		link.href = tenant.href;
		if (tenant.current) link.setAttribute("aria-current", "true");
		const parts = [make("span", tenant.name, "name"), make("span", tenant.slug, "slug")];
		if (tenant.role) parts.push(make("span", tenant.role, "role"));
		if (tenant.state === "suspended") parts.push(make("span", "suspended", "state"));
		if (tenant.current) parts.push(make("span", "current", "here"));
		for (const part of parts) link.append(part, " ");
		return item;
	};
	const search = later(async (isNewest, text) => {
		const found = await ask(details.dataset.search, text);
		if (!isNewest()) return;
		list.replaceChildren(...found.map(place));
		if (found.length === 0) list.append(make("li", "No tenant of yours has this name."));
	});
	input.addEventListener("input", () => search(input.value));
	details.addEventListener("toggle", () => { if (details.open) input.focus(); });
	details.addEventListener("keydown", (event) => {
		const stops = [input, ...list.querySelectorAll("a")];
		const at = stops.indexOf(document.activeElement);
		if (event.key === "Escape" && details.open) {
			details.open = false;
			details.querySelector("summary").focus();
		} else if (event.key === "ArrowDown" && at >= 0 && at + 1 < stops.length) {
			stops[at + 1].focus();
		} else if (event.key === "ArrowUp" && at > 0) {
			stops[at - 1].focus();
		} else {
			return;
		}
		event.preventDefault();
	});
	document.addEventListener("click", (event) => {
		if (!details.contains(event.target)) details.open = false;
	});
}
for (const details of document.querySelectorAll("details.switcher")) switcher(details);

// On a narrow screen the navigation begins folded.
for (const fold of document.querySelectorAll("details.navfold")) {
	if (matchMedia("(max-width: 56rem)").matches) fold.open = false;
}

// Proposals for the names of resources (WAI-ARIA Authoring Practices, combobox with a listbox
// popup). In an area with a name on each line they complete the line of the cursor. An area
// can't have the role of a combobox, so it is a text box with a list.
function picker(input) {
	const area = input.tagName === "TEXTAREA", kind = document.getElementById(input.dataset.kind);
	const list = make("ul", "", "proposals"), status = make("p", "", "unseen");
	list.id = input.id + "-list";
	list.hidden = true;
	list.setAttribute("role", "listbox");
	list.setAttribute("aria-label", "Proposals");
	status.setAttribute("role", "status");
	input.after(list, status);
	if (area) input.setAttribute("aria-haspopup", "listbox"); else input.setAttribute("role", "combobox");
	input.setAttribute("aria-autocomplete", "list");
	input.setAttribute("aria-controls", list.id);
	let at = -1;
	const line = () => {
		if (!area) return [0, input.value.length];
		const end = input.value.indexOf("\n", input.selectionStart);
		const start = input.value.lastIndexOf("\n", input.selectionStart - 1) + 1;
		return [start, end < 0 ? input.value.length : end];
	};
	const show = (open) => {
		list.hidden = !open;
		at = -1;
		input.removeAttribute("aria-activedescendant");
		if (!area) input.setAttribute("aria-expanded", String(open));
	};
	const choose = (n) => {
		const options = [...list.children];
		at = (n + options.length) % options.length;
		options.forEach((option, i) => option.setAttribute("aria-selected", String(i === at)));
		options[at].scrollIntoView({ block: "nearest" });
		input.setAttribute("aria-activedescendant", options[at].id);
	};
	const take = (name) => {
		const [start, end] = line();
		input.setRangeText(name + (area && end === input.value.length ? "\n" : ""), start, end, "end");
		show(false);
		status.textContent = name + " is taken.";
	};
	const option = (found, i) => {
		const item = make("li", found.name, "");
		item.id = input.id + "-option-" + i;
		item.setAttribute("role", "option");
		item.setAttribute("aria-selected", "false");
		if (found.description) item.append(" ", make("span", found.description, "hint"));
		item.addEventListener("mousedown", (event) => { event.preventDefault(); take(found.name); });
		return item;
	};
	const search = later(async (isNewest) => {
		const [start, end] = line(), text = input.value.slice(start, end).trim();
		if (area && text === "") return show(false);
		const found = await ask(input.dataset.proposals + (kind ? kind.value : ""), text);
		if (!isNewest() || document.activeElement !== input) return;
		const chosen = at < 0 ? -1 : found.findIndex((f) => f.name === list.children[at].firstChild.data);
		list.replaceChildren(...found.map(option));
		show(found.length > 0);
		if (chosen >= 0) choose(chosen);
		status.textContent = found.length === 1 ? "1 proposal." : found.length + " proposals.";
	});
	show(false);
	input.addEventListener("input", () => search());
	input.addEventListener("blur", () => show(false));
	input.addEventListener("keydown", (event) => {
		const down = event.key === "ArrowDown", up = event.key === "ArrowUp";
		if (list.hidden) {
			if (!down || area) return;
			search();
		} else if (down || up) {
			choose(down ? at + 1 : Math.max(at, 0) - 1);
		} else if (event.key === "Enter" && at >= 0) {
			take(list.children[at].firstChild.data);
		} else if (event.key === "Escape") {
			show(false);
		} else {
			return;
		}
		event.preventDefault();
	});
}
for (const input of document.querySelectorAll("[data-proposals]")) picker(input);
// The page of an invitation's link. The token is the link's fragment, which no server sees.
// It is kept for the way to a sign-in elsewhere and back, and removed from the address, where
// others could read it.
function invitation(form) {
	const field = form.querySelector("[name=token]");
	const take = () => {
		if (location.hash.length < 2) return;
		field.value = location.hash.slice(1);
		history.replaceState(null, "", location.pathname);
		storage()?.setItem(kept, field.value);
	};
	if (field.value === "") field.value = storage()?.getItem(kept) ?? "";
	take();
	addEventListener("hashchange", take);
	const choose = () => {
		const chosen = form.querySelector("[name=account]:checked")?.value;
		form.querySelector("[name=password]")?.setAttribute("autocomplete",
			chosen === "new" ? "new-password" : "current-password");
	};
	form.addEventListener("change", choose);
	choose();
}
const kept = "bailiwick-invitation";
function storage() {
	try { return sessionStorage; } catch { return null; } // the browser forbids it
}
for (const part of document.querySelectorAll("[data-invitation]")) {
	if (part.dataset.invitation === "form") invitation(part);
	else storage()?.removeItem(kept);
}

// Copying a secret or a link. Without the script, it is selected by hand.
for (const button of document.querySelectorAll("button[data-copy]")) {
	const input = document.getElementById(button.dataset.copy), before = button.textContent;
	const copy = async () => {
		try {
			await navigator.clipboard.writeText(input.value);
			return true;
		} catch { // not over TLS, or forbidden
			input.select();
			return document.execCommand("copy");
		}
	};
	button.addEventListener("click", async () => {
		button.textContent = await copy() ? "Copied" : "Selected: copy it by hand";
		setTimeout(() => { button.textContent = before; }, 3000);
	});
	button.hidden = false;
}
for (const input of document.querySelectorAll(".copy input")) {
	input.addEventListener("focus", () => input.select());
}
