import { type NextRequest, NextResponse } from "next/server";
import { SESSION_COOKIE, userOf } from "@/lib/session-cookie";

/** Next's middleware: every page but the sign-in page is for users who are signed in. Pages and routes check it themselves as well. */
export function proxy(request: NextRequest): NextResponse {
  if (userOf(request.cookies.get(SESSION_COOKIE)?.value)) return NextResponse.next();
  return NextResponse.redirect(new URL("/sign-in", request.url));
}

// A request for a user token is answered 401, not with a page.
export const config = { matcher: ["/((?!(?:sign-in|user-token|favicon\\.ico)(?:/|$)|_next/).*)"] };
