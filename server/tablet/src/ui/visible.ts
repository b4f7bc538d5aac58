/**
 * Visible: what is shown holds no character that turns its neighbours around.
 *
 * A name may hold an override of direction, pasted from somewhere, and then the door number
 * beside it reads backwards. Every text passes here on its way to the screen; inputs do not, so
 * what a record holds is never changed by looking at it. The console does the same.
 */
import { options } from "preact";

/** Controls, what turns a direction, spaces of no width. Joiners stay: they make one picture of two. */
const UNSEEN = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

export const visible = (text: string): string => text.replace(UNSEEN, "");

const clean = (child: unknown): unknown =>
  typeof child === "string" ? visible(child) : Array.isArray(child) ? child.map(clean) : child;

/** From now on, whatever is drawn passes `visible`. */
export function showVisibly(): void {
  const before = options.vnode;
  options.vnode = (vnode) => {
    const props = vnode.props as { children?: unknown };
    if (typeof vnode.type === "string" && props.children !== undefined) {
      props.children = clean(props.children);
    }
    before?.(vnode);
  };
}
