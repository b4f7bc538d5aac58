/** The components that every screen is made of. A screen draws nothing that one of these can draw. */

export { Badge, Count, type State, Tag } from "./Badge";
export { Bar } from "./Bar";
export { Button, type ButtonProps, IconButton } from "./Button";
export { Choice, Switch, Tags } from "./Choice";
export { Field, type FieldProps, type Option, SelectField, TextField, useComposed } from "./Field";
export { Icon, type IconName } from "./Icon";
export { Card, Facts, List, ListRow, type RowProps } from "./List";
export { Confirm, Sheet } from "./Sheet";
export { Empty, ErrorState, Loading, Notice, Progress } from "./states";
export { panelOf, Tabs } from "./Tabs";
export { dropToasts, toast, Toasts } from "./Toast";
