import type { ReactNode } from "react";

/** Where a list would be, when there is nothing in it. `isPage`: there is nothing else on the page. */
export const EmptyNotice = ({
  title,
  isPage = false,
  children,
  action,
}: {
  title: string;
  isPage?: boolean;
  children: ReactNode;
  action?: ReactNode;
}) => {
  const Title = isPage ? "h1" : "p";
  return (
    <div role="status" className="rounded-2xl border border-dashed border-line-strong px-6 py-16 text-center">
      <Title className="font-semibold">{title}</Title>
      <p className="mx-auto mt-1 max-w-sm text-sm text-muted">{children}</p>
      {action && <div className="mt-5">{action}</div>}
    </div>
  );
};
