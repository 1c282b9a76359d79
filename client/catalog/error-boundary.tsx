import { Component, type ReactNode } from "react";
import { Button } from "./button.tsx";
import { EmptyNotice } from "./notices.tsx";

/** Says what to do where a defect would leave an empty page. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError = () => ({ hasFailed: true });

  override render() {
    if (!this.state.hasFailed) return this.props.children;
    return (
      <EmptyNotice isPage title="Something went wrong." action={<Button onClick={() => location.reload()}>Reload</Button>}>
        Reload the page. If it keeps failing, tell the people who run this app.
      </EmptyNotice>
    );
  }
}
