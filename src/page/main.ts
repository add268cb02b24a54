import type { PageContent } from '#core/render/matrix-html.ts';
import { App } from './app.ts';
import { found } from './element.ts';
import { Matrix } from './matrix.ts';

// Until here the page says only that it needs a script.
document.documentElement.classList.remove('scriptless');
const content = JSON.parse(found('content', HTMLScriptElement).textContent ?? '') as PageContent;
new App(new Matrix(content), content).start();
