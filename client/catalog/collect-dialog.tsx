import { type SubmitEvent, useId, useState } from "react";
import type { CollectRequest } from "../connecting/connect.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { Markdown } from "./markdown.tsx";

type Field = CollectRequest["form"]["fields"][number];

function CollectField({ field, autoFocus, describedBy }: { field: Field; autoFocus: boolean; describedBy: string | undefined }) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id} className="text-sm font-medium">
        {field.label}
      </label>
      <div className="mt-1.5 flex items-center rounded-lg border border-line-strong bg-surface focus-within:outline-2 focus-within:outline-offset-1 focus-within:outline-accent">
        <input
          id={id}
          name={field.name}
          type={field.secret ? "password" : "text"}
          required
          autoFocus={autoFocus}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          aria-describedby={describedBy}
          aria-invalid={describedBy !== undefined}
          className="min-h-10 w-full min-w-0 rounded-lg bg-transparent px-3 text-base outline-none sm:text-sm"
        />
        {field.suffix && <span className="pr-3 text-sm text-muted">{field.suffix}</span>}
      </div>
    </div>
  );
}

/** Asks for an API key, a subdomain or the like. Values are handed on and kept nowhere. */
export function CollectDialog({
  request,
  onSubmit,
  onClose,
}: {
  request: CollectRequest;
  onSubmit: (values: Record<string, string>) => void;
  onClose: () => void;
}) {
  const problemId = useId();
  const [sent, setSent] = useState<CollectRequest>();
  const { form, problem, connection } = request;

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    setSent(request);
    const valueOf = (name: string) => {
      const value = data.get(name);
      return typeof value === "string" ? value : "";
    };
    onSubmit(Object.fromEntries(form.fields.map(({ name }) => [name, valueOf(name)])));
  }

  return (
    <Dialog title={`Connect ${connection.connector.name}`} onClose={onClose}>
      <form onSubmit={submit} className="mt-2 flex flex-col gap-4">
        {form.instructions && <Markdown>{form.instructions}</Markdown>}
        {form.fields.map((field, index) => (
          <CollectField key={field.name} field={field} autoFocus={index === 0} describedBy={problem ? problemId : undefined} />
        ))}
        {problem && (
          <p id={problemId} role="alert" className="text-sm text-bad-text">
            {problem}
          </p>
        )}
        <div className="flex flex-col-reverse gap-2 pt-2 sm:flex-row sm:justify-end">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={sent === request}>
            {form.saveLabel}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
