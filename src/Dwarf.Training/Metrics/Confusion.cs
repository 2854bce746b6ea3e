using System.Numerics;

namespace Dwarf.Training.Metrics;

/// <summary>The four counts of a yes/no decision against the truth.</summary>
/// <param name="TruePositives">said yes, is yes</param>
/// <param name="FalsePositives">said yes, is no</param>
/// <param name="FalseNegatives">said no, is yes</param>
/// <param name="TrueNegatives">said no, is no</param>
public readonly record struct Confusion(long TruePositives, long FalsePositives, long FalseNegatives, long TrueNegatives)
{
    /// <summary>Matthews' correlation; 0 where a row or column of the table is empty, as scikit-learn gives it.</summary>
    public double Mcc
    {
        get
        {
            double yes = TruePositives + FalsePositives, no = FalseNegatives + TrueNegatives;
            double positives = TruePositives + FalseNegatives, negatives = FalsePositives + TrueNegatives;
            if (yes == 0 || no == 0 || positives == 0 || negatives == 0)
            {
                return 0;
            }

            var covariance = ((double)TruePositives * TrueNegatives) - ((double)FalsePositives * FalseNegatives);
            return covariance / Math.Sqrt(yes * no * positives * negatives);
        }
    }

    /// <summary>2 TP / (2 TP + FP + FN); 0 where nothing is positive on either side.</summary>
    public double F1
    {
        get
        {
            var denominator = (2 * TruePositives) + FalsePositives + FalseNegatives;
            return denominator == 0 ? 0 : 2.0 * TruePositives / denominator;
        }
    }

    /// <summary>
    /// Whether this table's MCC is above the other's, for two tables over the same items. Near ties are settled in whole
    /// numbers, so that "the lowest best threshold" does not hang on the last bit of a square root.
    /// </summary>
    internal bool MccExceeds(Confusion other)
    {
        double mine = Mcc, others = other.Mcc;
        if (Math.Abs(mine - others) > 1e-9)
        {
            return mine > others;
        }

        return Squared().CompareTo(other.Squared()) > 0;
    }

    /// <summary>Whether this table's F1 is above the other's, in whole numbers.</summary>
    internal bool F1Exceeds(Confusion other)
    {
        Int128 mine = (2 * TruePositives) + FalsePositives + FalseNegatives;
        Int128 others = (2 * other.TruePositives) + other.FalsePositives + other.FalseNegatives;
        return mine != 0 && (others == 0 ? TruePositives > 0 : TruePositives * others > other.TruePositives * mine);
    }

    private SignedFraction Squared()
    {
        BigInteger yes = TruePositives + FalsePositives, no = FalseNegatives + TrueNegatives;
        BigInteger positives = TruePositives + FalseNegatives, negatives = FalsePositives + TrueNegatives;
        var denominator = yes * no * positives * negatives;
        var covariance = ((BigInteger)TruePositives * TrueNegatives) - ((BigInteger)FalsePositives * FalseNegatives);
        return denominator.IsZero ? new(0, 1) : new(covariance * BigInteger.Abs(covariance), denominator);
    }

    /// <summary>sign(MCC)·MCC² as a fraction: it orders as MCC does.</summary>
    private readonly record struct SignedFraction(BigInteger Numerator, BigInteger Denominator)
    {
        public int CompareTo(SignedFraction other) => (Numerator * other.Denominator).CompareTo(other.Numerator * Denominator);
    }
}
