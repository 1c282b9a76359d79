import { redirect } from "react-router";
import { endSession } from "./session.server";

export const loader = () => redirect("/");

export const action = async () => redirect("/sign-in", { headers: { "set-cookie": await endSession() } });
