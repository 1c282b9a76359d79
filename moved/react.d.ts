/** @deprecated Import from `@xkit-gateway/client/react`, which has to be installed. This entry goes with the next minor release. */
export * from "@xkit-gateway/client/react";
