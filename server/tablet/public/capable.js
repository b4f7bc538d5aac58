/*
 * What this browser lacks, said before the app itself is read.
 *
 * An old browser cannot read the app's code, and over plain HTTP it may not store or
 * encrypt: either way a person would look at a blank page. So this file is as old as a
 * script can be (ES5, nothing inline), looks for what the app cannot do without, and
 * says in both languages what is missing and what to do. It marks the page with
 * `data-incapable`, and the app then does not begin.
 *
 * A script that does not load, or fails before anything is drawn, is told here too.
 */
(function () {
  "use strict";

  var page = document.documentElement;
  var SLOW_MS = 20000;

  // [what is missing, zh, en, what to do in zh, in en]
  var WORDS = {
    wechat: [
      "这是微信里的浏览器",
      "This is the browser inside WeChat",
      "它留不住资料，没有信号时也打不开。请点右上角“···”，选“在浏览器打开”，用系统自带浏览器、Chrome 或 Edge。",
      "It does not keep data and does not open without a signal. Tap ··· at the top right and choose “Open in browser”: the system's own, Chrome or Edge."
    ],
    insecure: [
      "现在是 http 地址，不是 https",
      "This is an http address, not https",
      "浏览器只在 https 地址提供离线和加密。请管理员给服务器装证书，再用 https 地址打开。",
      "Browsers offer offline use and encryption at https addresses only. Ask the administrator to give the server a certificate, then open its https address."
    ],
    old: [
      "浏览器太旧",
      "The browser is too old",
      "请更新浏览器，或安装新版 Chrome 或 Edge（80 以上），再打开这个地址。",
      "Update the browser, or install a current Chrome or Edge (80 or newer), and open this address again."
    ],
    storage: [
      "不能在本机存资料",
      "It may not store data on this device",
      "请不要用无痕窗口；在浏览器设置里允许本网站保存数据。",
      "Do not use a private window; allow this site to store data in the browser's settings."
    ],
    crypto: [
      "没有加密",
      "It has no encryption",
      "请更新浏览器，并用 https 地址打开。",
      "Update the browser, and open the app at its https address."
    ],
    failed: [
      "应用没有启动",
      "The app did not start",
      "请检查网络，再打开一次。存在本机的内容没有动过。一直这样，就把下面的代码念给管理员听。",
      "Check the network and open it again. What is saved on this device was not touched. If it goes on, read the code below to an administrator."
    ]
  };

  // How the administrator gives the server a certificate, short; the console's help has it in full.
  var CERTIFICATE = [
    [
      "管理员怎么做（局域网，用 Caddy）",
      "For the administrator (a LAN, with Caddy)"
    ],
    ["在服务器的 Caddyfile 里写：", "Write in the server's Caddyfile:"],
    [
      "设置 YUANBA_PUBLIC_ADDRESS=https://yuanba.lan 和 YUANBA_PROXIES=1，重启 Caddy 和院坝。",
      "Set YUANBA_PUBLIC_ADDRESS=https://yuanba.lan and YUANBA_PROXIES=1; restart Caddy and Yuanba."
    ],
    [
      "把 Caddy 数据目录里 pki/authorities/local/root.crt 装到每台平板：设置 → 安全 → 加密与凭据 → 安装证书 → CA 证书。",
      "Install pki/authorities/local/root.crt of Caddy's data folder on each tablet: Settings → Security → Encryption & credentials → Install a certificate → CA certificate."
    ],
    [
      "用 Chrome 或 Edge 打开 https://yuanba.lan/tablet/。后台“帮助 → 局域网证书”里有详细步骤。",
      "Open https://yuanba.lan/tablet/ in Chrome or Edge. The console's help, “A certificate on a local network”, has every step."
    ]
  ];

  var CADDYFILE =
    "{\n  default_sni yuanba.lan\n}\nyuanba.lan {\n  tls internal\n" +
    "  reverse_proxy 127.0.0.1:8000\n}";

  function whatIsMissing() {
    var missing = [];
    var agent = navigator.userAgent;
    var chrome = /Chrom(?:e|ium)\/(\d+)/.exec(agent);
    if (/MicroMessenger/i.test(agent) && !isPassed()) missing.push("wechat");
    if (window.isSecureContext === false) missing.push("insecure");
    if (
      !("noModule" in document.createElement("script")) ||
      typeof Promise === "undefined" ||
      typeof ReadableStream === "undefined" ||
      typeof globalThis === "undefined" ||
      !("fetch" in window) ||
      (chrome && Number(chrome[1]) < 80)
    ) {
      missing.push("old");
    }
    if (!hasStorage()) missing.push("storage");
    if (window.isSecureContext !== false && !(window.crypto && window.crypto.subtle)) {
      missing.push("crypto");
    }
    return missing;
  }

  // Where it is denied, even asking for it may throw.
  function hasStorage() {
    try {
      return Boolean(window.indexedDB);
    } catch (denied) {
      return false;
    }
  }

  // Somebody who has nothing but WeChat may go on, for as long as the window is open.
  function isPassed() {
    try {
      return window.sessionStorage.getItem("yuanba.wechat") === "yes";
    } catch (denied) {
      return false;
    }
  }

  function pass() {
    try {
      window.sessionStorage.setItem("yuanba.wechat", "yes");
    } catch (denied) {
      return;
    }
    location.reload();
  }

  function add(parent, name, text, lang) {
    var made = document.createElement(name);
    if (text) made.appendChild(document.createTextNode(text));
    if (lang) made.lang = lang;
    parent.appendChild(made);
    return made;
  }

  function tell(missing, detail) {
    var root = document.getElementById("app");
    if (!root || page.getAttribute("data-incapable") !== null) return;
    page.setAttribute("data-incapable", missing.join(" "));
    while (root.firstChild) root.removeChild(root.firstChild);
    var main = add(root, "main");
    main.className = "incapable";
    section(main, "zh-CN", 0, missing, detail);
    section(main, "en", 1, missing, detail);
    if (missing.length === 1 && missing[0] === "wechat") {
      button(main, "仍然在微信里打开 · Go on inside WeChat", pass);
    } else {
      button(main, "再试一次 · Try again", function () {
        location.reload();
      });
    }
  }

  function button(parent, text, act) {
    var made = add(parent, "button", text);
    made.type = "button";
    made.className = "button";
    made.onclick = act;
  }

  function section(parent, lang, at, missing, detail) {
    var box = add(parent, "section", "", lang);
    var hasFailed = missing[0] === "failed";
    add(
      box,
      at === 0 ? "h1" : "h2",
      at === 0
        ? hasFailed ? "院坝没有打开" : "院坝在这里用不了"
        : hasFailed ? "Yuanba did not open" : "Yuanba does not work here"
    );
    for (var i = 0; i < missing.length; i += 1) {
      var words = WORDS[missing[i]];
      var told = add(box, "p");
      add(told, "strong", words[at]);
      add(box, "p", words[2 + at]);
    }
    if (detail) add(box, "p", (at === 0 ? "代码：" : "Code: ") + detail).className = "code";
    if (missing.indexOf("insecure") < 0) return;
    add(box, "h3", CERTIFICATE[0][at]);
    var list = add(box, "ol");
    for (var step = 1; step < CERTIFICATE.length; step += 1) {
      var item = add(list, "li", CERTIFICATE[step][at]);
      if (step === 1) add(item, "pre", CADDYFILE).className = "code";
    }
  }

  function hasBegun() {
    var root = document.getElementById("app");
    return Boolean(root && root.firstChild);
  }

  var missing = whatIsMissing();
  if (missing.length > 0) {
    tell(missing);
    return;
  }

  // A script that does not load tells only its element; one that fails tells the window.
  window.addEventListener(
    "error",
    function (event) {
      if (hasBegun()) return;
      var script = event.target && event.target.src;
      tell(["failed"], script ? "script_not_loaded" : String(event.message || "script_failed"));
    },
    true
  );
  window.addEventListener("unhandledrejection", function (event) {
    if (!hasBegun()) tell(["failed"], String((event.reason && event.reason.message) || "not_begun"));
  });
  setTimeout(function () {
    if (!hasBegun()) tell(["failed"], "slow");
  }, SLOW_MS);
})();
