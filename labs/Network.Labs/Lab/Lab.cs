using Network.Labs.Topology;

namespace Network.Labs.Lab;

/// <summary>A lab as its folder describes it: a cluster, what is broken in it, how one notices, and what the answer is.</summary>
/// <param name="Directory">The folder.</param>
/// <param name="Name">The folder's name without its number.</param>
public sealed record Lab(string Directory, string Name, string Title)
{
    /// <summary>1 is guided, 2 tells the symptom only, 3 has more than one fault.</summary>
    public int Level { get; init; } = 1;

    public required LabTopology Topology { get; init; }

    /// <summary>Files below the folder, applied in order.</summary>
    public IReadOnlyList<string> Manifests { get; init; } = [];

    /// <summary>What must be ready before anything is broken: <c>deployment/web</c>, <c>pod/client</c>.</summary>
    public IReadOnlyList<string> Waits { get; init; } = [];

    public string Symptom { get; init; } = "";

    public IReadOnlyList<LabFault> Faults { get; init; } = [];

    /// <summary>Asked before, while and after it is broken.</summary>
    public required LabQuestion Question { get; init; }

    /// <summary>Goes on while the other does not; null where nothing does.</summary>
    public LabQuestion? Healthy { get; init; }

    /// <summary>The answer.</summary>
    public IReadOnlyList<LabAnswer> Finds { get; init; } = [];

    public IReadOnlyList<LabHint> Hints { get; init; } = [];

    /// <summary>What mends it, for those who give up and for tests; the faults' own way back where there is no such file.</summary>
    public string Solution => Path.Combine(Directory, "solution.sh");
}

/// <summary>A fault to put in, see <see cref="Faults.FaultList"/>.</summary>
public sealed record LabFault(string Fault, string On, string Peer, string Value);

/// <summary>Can this one reach that one, as <c>podnet explain</c> asks it.</summary>
public sealed record LabQuestion(string From, string To, bool Udp = false)
{
    public override string ToString() => $"{From} {To}{(Udp ? " --udp" : "")}";
}

/// <summary>The code of a finding and where it must be found.</summary>
public sealed record LabAnswer(string Code, string Where)
{
    public override string ToString() => $"{Code} {Where}";
}

/// <summary>Help that fits what is wrong at the moment.</summary>
/// <param name="When">Only while this finding is there; empty for always.</param>
public sealed record LabHint(string When, string Say);

/// <summary>What was seen when a question was asked.</summary>
/// <param name="Text">For people.</param>
public sealed record LabSight(bool Healthy, IReadOnlyList<LabAnswer> Findings, string Text);
