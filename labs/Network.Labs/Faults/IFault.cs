using System.Text.Json.Nodes;

namespace Network.Labs.Faults;

/// <summary>Something that can be broken on purpose in a lab cluster, proven to be broken, and mended.</summary>
public interface IFault
{
    /// <summary>How it is called in lab files and by <c>podnet lab fault</c>.</summary>
    string Name { get; }

    /// <summary>What it does and what one notices, in one sentence.</summary>
    string Summary { get; }

    /// <summary>What <c>on</c>, <c>peer</c> and <c>value</c> mean to it; empty for those it does not take.</summary>
    string Takes { get; }

    /// <summary>Breaks it.</summary>
    /// <returns>What is needed to mend it.</returns>
    Task<JsonObject> InjectAsync(FaultSite site, CancellationToken cancel);

    /// <summary>What shows that it is in effect; null while it is not.</summary>
    Task<string?> ProofAsync(FaultSite site, CancellationToken cancel);

    /// <summary>Mends it; what is mended already is no error.</summary>
    Task ClearAsync(FaultSite site, JsonObject memory, CancellationToken cancel);
}
