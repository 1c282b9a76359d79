export * from "@xkit-gateway/client";
