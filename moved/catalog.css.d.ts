/** @deprecated Import `@xkit-gateway/client/catalog.css`, which has to be installed. This entry goes with the next minor release. */
import "@xkit-gateway/client/catalog.css";
