import { useMemo } from "react";
import { Catalog, type CatalogRouter } from "@xkit-gateway/client/react";
import "@xkit-gateway/client/catalog.css";
import { useLocation, useNavigate } from "react-router";

const PATH = "/integrations";

/** The address of a page of the catalog, whose list is at `/`. */
const hrefOf = (path: string): string => `${PATH}${path === "/" ? "" : path}`;

/** The catalog has its list at /integrations, and a page for each connector below it. React Router keeps both. */
export default function Integrations() {
  const { pathname, search } = useLocation();
  const navigate = useNavigate();
  const router = useMemo(
    (): CatalogRouter => ({
      path: `${pathname.slice(PATH.length)}${search}`,
      navigate: (path, { replace }) => void navigate(hrefOf(path), { replace, preventScrollReset: replace }),
      hrefOf,
    }),
    [pathname, search, navigate],
  );
  return <Catalog title="Connect your tools" router={router} theme={{ color: "#7c3aed" }} />;
}
