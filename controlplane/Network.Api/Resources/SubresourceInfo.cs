namespace Network.Api.Resources;

/// <summary>A subresource and the kind its body has when it differs from the parent's.</summary>
public sealed record SubresourceInfo(string Name, string Kind, IReadOnlyList<string> Verbs, string Group = "", string Version = "");
