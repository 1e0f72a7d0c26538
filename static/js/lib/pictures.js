// Pictures among files, and on the clipboard.

const SHOWN = /^image\/(png|jpeg|gif|webp)$/;

export function picturesAmong(files) {
  return files.filter((file) => SHOWN.test(file.type));
}

/** Files that were pasted. A copied picture comes with markup that names its place on the web; the
 *  file is the picture. With text in the markup it is the text that was meant. */
export function pastedPictures(event) {
  const files = [...event.clipboardData.files];
  const html = event.clipboardData.getData("text/html");
  return /<(?!\/?(html|head|meta|body|img|!--)\b)[a-z]/i.test(html) ? [] : files;
}
