namespace Network.Api.Schema;

[Flags]
public enum FieldFlags : byte
{
    None = 0,

    /// <summary>Its members appear in the parent's JSON object; the protobuf wire nests them.</summary>
    Inline = 1,

    Required = 2,

    /// <summary>A Go pointer: a zero on the protobuf wire is a value, not absence.</summary>
    KeepsZero = 4,

    /// <summary>Strategic merge: merge the list or map member by member.</summary>
    PatchMerge = 8,

    /// <summary>Strategic merge: the patch may name the keys that stay ($retainKeys).</summary>
    RetainKeys = 16,

    /// <summary>Server-side apply owns the whole value, not its members.</summary>
    Atomic = 32,

    /// <summary>Server-side apply: a list of scalars with set semantics.</summary>
    Set = 64,

    /// <summary>A null is a value of its own (nullable members of custom kinds).</summary>
    Nullable = 128,
}
