namespace Network.Diagnosis.Drops;

/// <summary>Drops of one kind: how many, when first and last (nanoseconds of the machine's clock).</summary>
public sealed record DropCount(Drop Drop, DropMeaning Meaning, long Count, long First, long Last);
