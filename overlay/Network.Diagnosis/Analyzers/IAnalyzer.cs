using Network.Diagnosis.Facts;
using Network.Diagnosis.Findings;

namespace Network.Diagnosis.Analyzers;

/// <summary>Compares what should be with what is, in one layer. Pure: the same view gives the same findings.</summary>
public interface IAnalyzer
{
    IEnumerable<Finding> Look(ClusterView view);
}
