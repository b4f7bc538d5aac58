/** Where the app begins: the frame is put into the page. */
import { render } from "preact";

const place = document.getElementById("app");
if (place !== null) render(<main>院坝</main>, place);
