import type { PageContent } from '#core/render/matrix-html.ts';
import { App } from './app.ts';
import { found } from './element.ts';
import { Matrix } from './matrix.ts';

const content = JSON.parse(found('content', HTMLScriptElement).textContent ?? '') as PageContent;
new App(new Matrix(content), content).start();
