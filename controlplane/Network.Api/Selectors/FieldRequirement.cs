namespace Network.Api.Selectors;

public sealed record FieldRequirement(string Label, string Path, bool Equal, string Value);
