namespace Network.Diagnosis.Drops;

/// <summary>What a drop means to somebody who runs the network.</summary>
/// <param name="Text">What happened.</param>
/// <param name="Look">The setting or the command that shows the cause.</param>
/// <param name="Ordinary">Happens on a healthy network; not shown unless asked for.</param>
public sealed record DropMeaning(string Text, string Look, bool Ordinary = false);
