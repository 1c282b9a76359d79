export * from "@xkit-gateway/client/react";
