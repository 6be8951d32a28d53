// A file that is read in the browser and sent as a data: URI; the server writes no file.
element.addEventListener("change", (event) => {
  const input = event.target.closest("input[type=file]");
  if (!input || !input.files.length) return;
  const [file] = input.files;
  input.value = "";
  if (file.size > Number(input.dataset.most)) {
    trigger("chosen", { size: file.size });
    return;
  }
  const reader = new FileReader();
  reader.onload = () => trigger("chosen", { data: reader.result });
  reader.readAsDataURL(file);
});
