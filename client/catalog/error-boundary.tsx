import { Component, type ReactNode } from "react";
import { Button } from "./button.tsx";
import { useSentences } from "./language.tsx";
import { EmptyNotice } from "./notices.tsx";

/** Says what to do where a defect would leave an empty page. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError = () => ({ hasFailed: true });

  override render() {
    if (!this.state.hasFailed) return this.props.children;
    return <Defect />;
  }
}

function Defect() {
  const { defect } = useSentences();
  return (
    <EmptyNotice isPage title={defect.title} action={<Button onClick={() => location.reload()}>{defect.reload}</Button>}>
      {defect.advice}
    </EmptyNotice>
  );
}
