/** The banner's words, by language. A manifest may replace each and add languages.
 *
 * `{name}` and `{vendor}` are the manifest's; the receipt knows `{time}`, `{version}` and `{choice}`.
 */
export const TEXTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  en: {
    title: "How {name} is used",
    text: "May {name} tell {vendor} which pages are visited and which buttons are used? What you type, names and addresses are never sent.",
    more: "What is sent, and why",
    all: "Accept All",
    necessary: "Necessary Only",
    close: "Close without a change",
    receipt: "Your choice of {time}: {choice} (version {version} of this text).",
  },
  de: {
    title: "Wie {name} benutzt wird",
    text: "Darf {name} an {vendor} melden, welche Seiten besucht und welche Knöpfe benutzt werden? Eingaben, Namen und Adressen werden nie gesendet.",
    more: "Was gesendet wird, und wozu",
    all: "Alles annehmen",
    necessary: "Nur Notwendiges",
    close: "Ohne Änderung schließen",
    receipt: "Ihre Wahl vom {time}: {choice} (Fassung {version} dieses Textes).",
  },
  fr: {
    title: "L’usage de {name}",
    text: "{name} peut-il indiquer à {vendor} quelles pages sont visitées et quels boutons sont utilisés ? Ce que vous saisissez, les noms et les adresses ne sont jamais envoyés.",
    more: "Ce qui est envoyé, et pourquoi",
    all: "Tout accepter",
    necessary: "Nécessaire seulement",
    close: "Fermer sans changer",
    receipt: "Votre choix du {time} : {choice} (version {version} de ce texte).",
  },
  es: {
    title: "Cómo se usa {name}",
    text: "¿Puede {name} comunicar a {vendor} qué páginas se visitan y qué botones se usan? Nunca se envía lo que usted escribe, ni nombres ni direcciones.",
    more: "Qué se envía y para qué",
    all: "Aceptar todo",
    necessary: "Solo lo necesario",
    close: "Cerrar sin cambios",
    receipt: "Su elección del {time}: {choice} (versión {version} de este texto).",
  },
}
