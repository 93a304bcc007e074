/** A choice of a few, all of them in sight. */

interface SegmentsProps<Value extends string> {
  /** What is chosen; also the name of its radio buttons, so no two of them have the same. */
  label: string;
  values: readonly Value[];
  chosen: Value;
  nameOf(value: Value): string;
  onChoose(value: Value): void;
}

export function Segments<Value extends string>(props: SegmentsProps<Value>) {
  const { label, values, chosen, nameOf, onChoose } = props;
  return (
    <fieldset class="segments">
      <legend class="hidden">{label}</legend>
      {values.map((value) => (
        <label key={value}>
          <input type="radio" name={label} checked={value === chosen} onChange={() => onChoose(value)} />
          <span>{nameOf(value)}</span>
        </label>
      ))}
    </fieldset>
  );
}
