"use strict";(()=>{var x=`
:host { all: initial }
section {
  position: fixed; inset: auto 0 0 0; z-index: 2147483647; box-sizing: border-box;
  max-height: 100vh; overflow: auto;
  padding: var(--glasshouse-padding, 1.25rem);
  font: var(--glasshouse-font, 1rem/1.5 system-ui, sans-serif);
  color: var(--glasshouse-text, #1a1f1d);
  background: var(--glasshouse-background, #ffffff);
  border-top: var(--glasshouse-border, 2px solid #1a1f1d);
}
div { max-width: var(--glasshouse-width, 60rem); margin: 0 auto }
h2 { margin: 0 0 .25rem; font-size: 1.125rem }
p { margin: 0 0 .75rem }
a { color: inherit }
button {
  min-width: 11rem; min-height: 2.75rem; margin: 0 .75rem .5rem 0; padding: .5rem 1rem;
  font: inherit; cursor: pointer;
  color: var(--glasshouse-button-text, #ffffff);
  background: var(--glasshouse-button, #1f5f4a);
  border: 2px solid var(--glasshouse-button, #1f5f4a);
  border-radius: var(--glasshouse-radius, .25rem);
}
button.close { color: inherit; background: none; border-color: currentColor }
:focus-visible { outline: 3px solid var(--glasshouse-focus, #b54708); outline-offset: 2px }
@media (prefers-color-scheme: dark) {
  section {
    color: var(--glasshouse-text, #f1f5f3);
    background: var(--glasshouse-background, #141b18);
    border-top: var(--glasshouse-border, 2px solid #f1f5f3);
  }
  :focus-visible { outline-color: var(--glasshouse-focus, #ffb86b) }
}
`;var g={en:{title:"How {name} is used",text:"May {name} tell {vendor} which pages are visited and which buttons are used? What you type, names and addresses are never sent.",more:"What is sent, and why",all:"Accept All",necessary:"Necessary Only",close:"Close without a change",receipt:"Your choice of {time}: {choice} (version {version} of this text)."},de:{title:"Wie {name} benutzt wird",text:"Darf {name} an {vendor} melden, welche Seiten besucht und welche Knöpfe benutzt werden? Eingaben, Namen und Adressen werden nie gesendet.",more:"Was gesendet wird, und wozu",all:"Alles annehmen",necessary:"Nur Notwendiges",close:"Ohne Änderung schließen",receipt:"Ihre Wahl vom {time}: {choice} (Fassung {version} dieses Textes)."},fr:{title:"L’usage de {name}",text:"{name} peut-il indiquer à {vendor} quelles pages sont visitées et quels boutons sont utilisés ? Ce que vous saisissez, les noms et les adresses ne sont jamais envoyés.",more:"Ce qui est envoyé, et pourquoi",all:"Tout accepter",necessary:"Nécessaire seulement",close:"Fermer sans changer",receipt:"Votre choix du {time} : {choice} (version {version} de ce texte)."},es:{title:"Cómo se usa {name}",text:"¿Puede {name} comunicar a {vendor} qué páginas se visitan y qué botones se usan? Nunca se envía lo que usted escribe, ni nombres ni direcciones.",more:"Qué se envía y para qué",all:"Aceptar todo",necessary:"Solo lo necesario",close:"Cerrar sin cambios",receipt:"Su elección del {time}: {choice} (versión {version} de este texto)."}};var A=e=>{let{banner:t,consent:l,ask:E}=e.configuration,u=N({...g,...t.texts}),S={...g.en,...g[u],...t.texts[u]},a,m=null,c=(n,r={})=>(S[n]??"").replace(/\{(\w+)\}/g,(o,s)=>({...t,...r})[s]??""),b=()=>{a?.remove(),a=void 0,m instanceof HTMLElement&&m.isConnected&&m.focus()},f=(n,r)=>{let o=i("button",c(n));return o.setAttribute("type","button"),o.className=n,o.addEventListener("click",()=>{r(),b()}),o},h=n=>{if(a)return;m=document.activeElement,a=document.createElement("glasshouse-banner"),a.lang=u;let r=a.attachShadow({mode:"open"}),o=new CSSStyleSheet;o.replaceSync(x),r.adoptedStyleSheets=[o];let s=i("section");s.setAttribute("aria-labelledby","title"),s.setAttribute("aria-describedby","text"),s.tabIndex=-1;let d=s.appendChild(i("div")),T=d.appendChild(i("h2",c("title")));T.id="title";let q=d.appendChild(i("p",c("text")));if(q.id="text",t.privacy){let p=i("a",c("more"));p.setAttribute("href",t.privacy),d.appendChild(i("p")).append(p)}let y=e.receipt();y&&d.append(i("p",C(y))),d.append(f("all",e.accept),f("necessary",e.withdraw)),n&&(d.append(f("close",()=>{})),s.addEventListener("keydown",p=>{p.key=="Escape"&&b()})),r.append(s),document.body.prepend(a),n&&s.focus()},C=({time:n,version:r,choice:o})=>c("receipt",{time:new Date(n).toLocaleString(u),version:String(r),choice:c(o)});e.reopen=()=>h(!0),document.addEventListener("click",n=>{n.target.closest?.("[data-glasshouse-consent]")&&h(!0)});let v=e.receipt(),k=v?v.choice=="all"&&v.version<l:!0,L=E||e.configuration.identifier;k&&L&&!R()&&h(!1)},i=(e,t="")=>{let l=document.createElement(e);return l.textContent=t,l},R=()=>navigator.doNotTrack=="1"||!!navigator.globalPrivacyControl,N=e=>[document.documentElement.lang,...navigator.languages].map(t=>t.split("-")[0].toLowerCase()).find(t=>t in e)??"en",w=()=>{let e=window.glasshouse;if(!(!e||!("record"in e)))try{A(e)}catch{}};document.readyState=="loading"?document.addEventListener("DOMContentLoaded",w):w();})();
