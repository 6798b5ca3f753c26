// What has been done on the site, said once by the page that follows; the tracker sends it if it may.
for (const element of document.querySelectorAll("[data-said]")) {
  const { item, ...fields } = JSON.parse(element.dataset.said)
  window.glasshouse?.record(item, fields)
}
document.querySelector("#withdraw")?.addEventListener("click", () => {
  window.glasshouse?.withdraw?.()
  document.querySelector("#withdrawn").hidden = false
})
