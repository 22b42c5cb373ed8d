using Network.Diagnosis.Facts;
using Network.Diagnosis.Findings;

namespace Network.Diagnosis.Analyzers;

/// <summary>All analyzers, from the objects down to the cables.</summary>
public static class AnalyzerList
{
    public static IReadOnlyList<IAnalyzer> All { get; } =
        [new PartAnalyzer(), new CertificateAnalyzer(), new ObjectAnalyzer(), new ResolverAnalyzer(), new RuleAnalyzer(), new PodNetworkAnalyzer(), new OverlayAnalyzer(), new MtuAnalyzer(), new UnderlayAnalyzer(), new RoutingAnalyzer()];

    /// <summary>What all of them find, worst first.</summary>
    public static IReadOnlyList<Finding> Look(ClusterView view) => All.SelectMany(analyzer => analyzer.Look(view)).Distinct()
        .OrderByDescending(finding => finding.Kind.Severity).ThenBy(finding => finding.Kind.Id, StringComparer.Ordinal).ThenBy(finding => finding.Where, StringComparer.Ordinal).ToList();
}
