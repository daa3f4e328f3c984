(function () {
	"use strict";
	if (window.bailiwick) return true;

	const find = sel => {
		const el = document.querySelector(sel);
		if (!el) throw new Error("no element " + sel);
		return el;
	};

	// describe names an element for people.
	const describe = el => {
		let text = el.tagName.toLowerCase();
		if (el.id) text += "#" + el.id;
		else if (el.getAttribute("name")) text += "[name=" + el.getAttribute("name") + "]";
		else if (el.classList.length) text += "." + [...el.classList].join(".");
		const words = (el.innerText || el.value || "").trim().replace(/\s+/g, " ");
		return words && !el.id ? text + " “" + words.slice(0, 40) + "”" : text;
	};

	// point scrolls to an element and returns where to click it.
	const point = sel => {
		const el = find(sel);
		if (!el.checkVisibility({visibilityProperty: true})) throw new Error(sel + " isn't visible");
		if (el.matches(":disabled")) throw new Error(sel + " is disabled");
		el.scrollIntoView({block: "center", inline: "center", behavior: "instant"});
		const box = el.getClientRects()[0];
		if (!box || !box.width || !box.height) throw new Error(sel + " has no size");
		const x = box.left + box.width / 2, y = box.top + box.height / 2;
		const top = document.elementFromPoint(x, y);
		const label = [...(el.labels || [])].some(l => l.contains(top));
		if (!top || !(el.contains(top) || label))
			throw new Error(sel + " is covered by " + (top ? describe(top) : "nothing: it is outside"));
		return {X: x, Y: y};
	};

	const changed = el => {
		el.dispatchEvent(new Event("input", {bubbles: true}));
		el.dispatchEvent(new Event("change", {bubbles: true}));
	};

	// startFill selects what a field contains, so that what is typed replaces it.
	const startFill = sel => {
		const el = find(sel);
		if (el.matches(":disabled") || el.readOnly) throw new Error(sel + " can't be written");
		el.scrollIntoView({block: "center", behavior: "instant"});
		el.focus();
		if (document.activeElement !== el) throw new Error(sel + " doesn't take the focus");
		if (el.select) el.select();
		return true;
	};

	// endFill sets the value of fields in which typing means something else, such as dates.
	const endFill = (sel, text) => {
		const el = find(sel);
		if (el.value !== text) {
			el.value = text;
			changed(el);
		}
		if (el.value.replace(/\r/g, "") !== text.replace(/\r/g, ""))
			throw new Error(sel + " took " + JSON.stringify(el.value));
		return true;
	};

	const choose = (sel, want) => {
		const el = find(sel);
		const option = [...el.options].find(o => o.value === want) ||
			[...el.options].find(o => o.label.trim() === want);
		if (!option) throw new Error(sel + " has no option " + want);
		if (option.disabled || el.disabled) throw new Error(want + " is disabled");
		el.focus();
		if (el.multiple) option.selected = true;
		else el.value = option.value;
		changed(el);
		return true;
	};

	const submit = sel => {
		const el = find(sel);
		const form = el.form || el.closest("form");
		if (!form) throw new Error(sel + " is in no form");
		if (!form.noValidate && !form.checkValidity())
			throw new Error("the browser refuses the form: " +
				[...form.querySelectorAll(":invalid")].map(e => describe(e) + ": " +
					e.validationMessage).join("; "));
		form.requestSubmit();
		return true;
	};

	const active = () => {
		const el = document.activeElement || document.body;
		return {
			Tag: el.tagName.toLowerCase(), ID: el.id, Name: el.getAttribute("name") || "",
			Type: el.getAttribute("type") || "", Href: el.getAttribute("href") || "",
			Text: (el.innerText || "").trim(), Value: String(el.value ?? ""),
		};
	};

	const links = () => [...document.querySelectorAll("a[href]")].map(a => ({
		URL: a.href, Text: (a.innerText || "").trim(), Rel: a.rel, Target: a.target,
	}));

	const fields = form => [...form.elements].filter(e => e.name).map(e => ({
		Name: e.name, Type: e.type, Value: e.type === "file" ? "" : e.value, Required: !!e.required,
		Disabled: e.matches(":disabled"), Checked: !!e.checked,
		Options: e.options ? [...e.options].map(o => o.value) : null,
	}));

	const forms = () => [...document.forms].map(f => ({
		ID: f.id, Action: new URL(f.getAttribute("action") || "", document.URL).href,
		Method: (f.getAttribute("method") || "get").toUpperCase(), Enctype: f.enctype,
		Fields: fields(f),
	}));

	const fieldErrors = () => [...document.querySelectorAll("[aria-invalid=true]")].map(el => {
		const ids = (el.getAttribute("aria-describedby") || "").split(/\s+/).filter(Boolean);
		const missing = ids.filter(id => !document.getElementById(id));
		const texts = ids.filter(id => !missing.includes(id)).map(id => document.getElementById(id));
		const seen = texts.filter(t => t.checkVisibility({visibilityProperty: true}))
			.map(t => t.innerText.trim()).filter(Boolean);
		let fault = "";
		if (!ids.length) fault = "has no aria-describedby";
		else if (missing.length) fault = "aria-describedby names no element: " + missing.join(" ");
		else if (!seen.length) fault = "aria-describedby names no visible text";
		return {
			Field: el.getAttribute("name") || el.id || describe(el),
			Label: [...(el.labels || [])].map(l => l.innerText.trim()).join(" "),
			Text: seen.join(" "), Fault: fault,
		};
	});

	window.bailiwick = {find, describe, point, startFill, endFill, choose, submit, active, links,
		forms, fieldErrors};
	return true;
})()
