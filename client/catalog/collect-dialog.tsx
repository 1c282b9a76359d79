import { type SubmitEvent, useEffect, useId, useRef, useState } from "react";
import type { CollectRequest } from "../connecting/connect.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { useSentences } from "./language.tsx";
import { Markdown } from "./markdown.tsx";

type Field = CollectRequest["form"]["fields"][number];

const FIELD_LOOK = "min-h-10 w-full min-w-0 rounded-lg bg-transparent px-3 text-base outline-none sm:text-sm";

/** @param request the present one: a value that is refused again has the focus again */
interface CollectFieldProps {
  field: Field;
  problem: string | null;
  request: CollectRequest;
}

function CollectField({ field, problem, request }: CollectFieldProps) {
  const id = useId();
  const { form: words } = useSentences();
  const { name, label, hint, suffix, secret, optional, options } = field;
  const control = useRef<HTMLInputElement & HTMLSelectElement>(null);
  const preset = field.default ?? "";
  const shared = {
    id,
    name,
    required: !optional,
    defaultValue: preset,
    "aria-invalid": problem !== null,
    "aria-describedby": [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ") || undefined,
    className: FIELD_LOOK,
    ref: control,
  };
  useEffect(() => {
    if (problem !== null) control.current?.focus();
  }, [problem, request]);
  return (
    <div>
      <label htmlFor={id} className="text-sm font-medium">
        {label}
        {optional && !(options && preset) && <span className="font-normal text-muted"> {words.optional}</span>}
      </label>
      <div className="mt-1.5 flex items-center rounded-lg border border-field bg-surface focus-within:outline-2 focus-within:outline-offset-1 focus-within:outline-accent">
        {options ? (
          <select {...shared}>
            {preset === "" && <option value="">{optional ? words.none : words.choose}</option>}
            {options.map((option) => (
              <option key={option}>{option}</option>
            ))}
          </select>
        ) : (
          <input {...shared} type={secret ? "password" : "text"} autoComplete="off" autoCapitalize="none" spellCheck={false} />
        )}
        {suffix && <span className="max-w-1/2 shrink-0 pe-3 text-sm text-muted">{suffix}</span>}
      </div>
      {hint && (
        <p id={`${id}-hint`} className="mt-1.5 text-sm text-muted">
          {hint}
        </p>
      )}
      {problem !== null && (
        <p id={`${id}-problem`} role="alert" className="mt-1.5 text-sm text-bad-text">
          {problem}
        </p>
      )}
    </div>
  );
}

/** The field that was refused; values are sent in the order of the fields. */
function fieldOf({ form, refusal }: CollectRequest): string | null {
  const path = refusal?.facts["path"];
  const [, index] = typeof path === "string" ? path.split(".") : [];
  return form.fields[Number(index ?? NaN)]?.name ?? null;
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
  const [sent, setSent] = useState<CollectRequest>();
  const { form: words, cancel } = useSentences();
  const { form, problem, connection } = request;
  const problemField = fieldOf(request);

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
    <Dialog title={words.title(connection.connector.name)} onClose={onClose}>
      <form onSubmit={submit} className="mt-2 flex flex-col gap-4">
        {form.instructionsTree && <Markdown tree={form.instructionsTree} />}
        {form.fields.map((field) => (
          <CollectField key={field.name} field={field} problem={problemField === field.name ? problem : null} request={request} />
        ))}
        {problem && problemField === null && (
          <p role="alert" className="text-sm text-bad-text">
            {problem}
          </p>
        )}
        <div className="flex flex-col-reverse gap-2 pt-2 sm:flex-row sm:justify-end">
          <Button onClick={onClose}>{cancel}</Button>
          <Button type="submit" look="primary" busy={sent === request}>
            {form.saveLabel}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
