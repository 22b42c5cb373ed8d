namespace Network.Api.Resources;

/// <summary>One additional printer column of a custom kind.</summary>
/// <param name="Type">integer, number, string, boolean or date; a date is shown as an age.</param>
/// <param name="Priority">Above 0 only wide output shows it.</param>
public sealed record CustomColumn(string Name, string Type, string Format, string Description, int Priority, string Path);
